//! The gated feed-forward part of a layer.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::kernels::activation::Activation;
use crate::kernels::cpu::linear::{GatedLayers, gated_feed_forward};
use crate::kernels::rows;
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
        if let Some(layers) = self.gated_layers() {
            // It takes some tokens at a time by itself.
            return gated_feed_forward(x, layers);
        }
        in_parts_of_tokens(x, &self.down, |x| {
            let up = self.up.forward(x.clone());
            let opened = match GateActivation::of(self.activation) {
                Some(activation) => rows::gate(self.gate.forward(x), up, activation),
                None => self.gate.forward_activated(x, self.activation) * up,
            };
            self.down.forward(opened)
        })
    }

    /// The layers for the CPU's one operation; `None` where it has none for their weights, or does
    /// not know the activation.
    fn gated_layers(&self) -> Option<GatedLayers> {
        let layers = [&self.gate, &self.up, &self.down].map(Linear::packed);
        let [Some(gate), Some(up), Some(down)] = layers else {
            return None;
        };
        GatedLayers::new(
            [gate, up, down].map(Clone::clone),
            GateActivation::of(self.activation)?,
        )
    }
}
