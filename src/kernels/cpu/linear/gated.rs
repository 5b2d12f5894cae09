//! The layers of a gated feed-forward part that the CPU computes as one operation.

use std::sync::Arc;

use crate::kernels::cpu::affine::AffineWeights;
use crate::kernels::cpu::bf16::Bf16Weights;
use crate::kernels::cpu::dot::DotType;
use crate::kernels::cpu::dot_layer::{Factors, Gated, gated_feed_forward};
use crate::kernels::cpu::epilogue::Epilogue;
use crate::kernels::cpu::int8::{Int8Factors, Int8Weights, Outliers, in_half};
use crate::kernels::cpu::linear::weights::LinearWeights;
use crate::kernels::rows::GateActivation;

/// A linear layer with packed weights.
#[derive(Debug, Clone)]
pub(crate) struct PackedLayer {
    /// `[output, input]`
    pub(crate) weights: LinearWeights,
    /// `[output]`
    pub(crate) bias: Option<Arc<[f32]>>,
}

/// down(activation(gate · x) · (up · x)), with short numbers as factors.
#[derive(Debug, Clone)]
pub struct GatedLayers {
    weights: GatedWeights,
    /// In the order of the weights.
    epilogues: [Epilogue; 3],
    activation: GateActivation,
}

/// Those of gate `[inner, hidden]`, up `[inner, hidden]` and down `[hidden, inner]`.
#[derive(Debug, Clone)]
enum GatedWeights {
    Bf16([Arc<Bf16Weights>; 3]),
    Affine([Arc<AffineWeights>; 3]),
    /// Rows have their own outliers.
    Int8([Arc<Int8Weights>; 3]),
}

impl GatedLayers {
    /// Gate, up and down; `None` where there is no such operation for their weights: in f32, of
    /// several types, and where a row's outliers depend on the batch.
    pub(crate) fn new(layers: [PackedLayer; 3], activation: GateActivation) -> Option<Self> {
        let [gate, up, down] = layers.each_ref().map(|layer| layer.weights.clone());
        let weights = match (gate, up, down) {
            (LinearWeights::Bf16(gate), LinearWeights::Bf16(up), LinearWeights::Bf16(down)) => {
                GatedWeights::Bf16([gate, up, down])
            }
            (
                LinearWeights::Affine(gate),
                LinearWeights::Affine(up),
                LinearWeights::Affine(down),
            ) => GatedWeights::Affine([gate, up, down]),
            (LinearWeights::Int8(gate), LinearWeights::Int8(up), LinearWeights::Int8(down)) => {
                let weights = [gate, up, down];
                if weights.iter().any(|w| w.outliers() == Outliers::ByBatch) {
                    return None;
                }
                GatedWeights::Int8(weights)
            }
            _ => return None,
        };
        let in_halves = matches!(weights, GatedWeights::Int8(_));
        let epilogues = layers.map(|layer| {
            let epilogue = Epilogue {
                bias: layer.bias,
                activation: None,
            };
            if in_halves {
                in_half(&epilogue)
            } else {
                epilogue
            }
        });
        Some(Self {
            weights,
            epilogues,
            activation,
        })
    }

    /// `x`: `[rows, hidden]` → `[rows, hidden]`, on all threads.
    pub(super) fn forward(&self, x: &[f32]) -> Vec<f32> {
        match &self.weights {
            GatedWeights::Bf16(weights) => self.forward_by(x, weights.each_ref().map(Arc::as_ref)),
            GatedWeights::Affine(weights) => {
                self.forward_by(x, weights.each_ref().map(Arc::as_ref))
            }
            GatedWeights::Int8(weights) => {
                let factors = weights
                    .each_ref()
                    .map(|weights| Int8Factors::by_row(weights));
                self.forward_by(x, factors.each_ref())
            }
        }
    }

    fn forward_by<F: Factors>(&self, x: &[f32], [gate, up, down]: [&F; 3]) -> Vec<f32> {
        let [of_gate, of_up, of_down] = &self.epilogues;
        let layers = Gated {
            gate: (gate, of_gate),
            up: (up, of_up),
            down: (down, of_down),
            activation: self.activation,
        };
        gated_feed_forward(F::Dot::engine(), x, &layers)
    }
}
