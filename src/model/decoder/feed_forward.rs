//! The gated feed-forward part of a layer.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::kernels::activation::Activation;
use crate::kernels::rows::GateActivation;
use crate::model::decoder::config::DecoderConfig;
use crate::model::linear::Linear;
use crate::model::parameters::Parameters;
use crate::model::token_parts::in_parts_of_tokens;
use crate::support::error::Result;

/// down(activation(gate · x) · (up · x)).
#[derive(Module, Debug)]
pub(super) struct FeedForward {
    gate: Linear,
    up: Linear,
    down: Linear,
    #[module(skip)]
    activation: Activation,
}

impl FeedForward {
    pub(super) fn load(
        from: &mut impl Parameters,
        name: &str,
        config: &DecoderConfig,
    ) -> Result<Self> {
        let (hidden, inner, bias) = (
            config.hidden_size,
            config.intermediate_size,
            config.biases.feed_forward,
        );
        let mut linear = |part: &str, input, output| {
            Linear::load_as(from, &format!("{name}.{part}"), input, output, bias)
        };
        Ok(Self {
            gate: linear("gate_proj", hidden, inner)?,
            up: linear("up_proj", hidden, inner)?,
            down: linear("down_proj", inner, hidden)?,
            activation: config.activation,
        })
    }

    /// `[tokens, hidden]` → `[tokens, hidden]`
    pub(super) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        in_parts_of_tokens(x, self.down.depends_on_batch(), |x| self.compute(x))
    }

    fn compute(&self, x: Tensor<2>) -> Tensor<2> {
        let inner = if let Some(activation) = GateActivation::of(self.activation) {
            self.gate.forward_gated(&self.up, x, activation)
        } else {
            let gate = self.gate.forward_activated(x.clone(), self.activation);
            gate * self.up.forward(x)
        };
        self.down.forward(inner)
    }
}
