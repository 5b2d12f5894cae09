//! The gated feed-forward part of a layer.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::kernels::activation::Activation;
use crate::kernels::is_on_gpu;
use crate::kernels::rows::GateActivation;
use crate::model::decoder::config::DecoderConfig;
use crate::model::linear::Linear;
use crate::model::parameters::Parameters;
use crate::support::error::Result;

/// Tokens that go through at once on a CPU: the matrices between the products are the widest of all
/// and would determine the peak of the memory.
const TOKENS: usize = 384;

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
        let [tokens, hidden] = x.dims();
        if tokens <= TOKENS || self.down.depends_on_batch() || is_on_gpu(&x) {
            return self.compute(x);
        }
        let parts = (0..tokens).step_by(TOKENS).map(|from| {
            let part = from..(from + TOKENS).min(tokens);
            self.compute(x.clone().slice([part, 0..hidden]))
        });
        Tensor::cat(parts.collect(), 0)
    }

    fn compute(&self, x: Tensor<2>) -> Tensor<2> {
        self.down
            .forward(match GateActivation::of(self.activation) {
                Some(activation) => self.gate.forward_gated(&self.up, x, activation),
                None => {
                    let gate = self.gate.forward_activated(x.clone(), self.activation);
                    gate * self.up.forward(x)
                }
            })
    }
}
