//! The layers of a gated feed-forward part that the CPU computes as one operation.

use std::sync::Arc;

use crate::kernels::cpu::affine::AffineWeights;
use crate::kernels::cpu::bf16::Bf16Weights;
use crate::kernels::cpu::dot::DotType;
use crate::kernels::cpu::dot_layer::{Factors, Gated, gated_feed_forward};
use crate::kernels::cpu::epilogue::Epilogue;
use crate::kernels::cpu::int8::{Int8Factors, Int8Weights, Outliers};
use crate::kernels::cpu::linear::weights::{LinearWeights, PackedLayer};
use crate::kernels::rows::GateActivation;

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
        let epilogues = layers.each_ref().map(|layer| Epilogue {
            bias: layer.bias.clone(),
            activation: None,
        });
        let weights = match layers.map(|layer| layer.weights) {
            [
                LinearWeights::Bf16(gate),
                LinearWeights::Bf16(up),
                LinearWeights::Bf16(down),
            ] => GatedWeights::Bf16([gate, up, down]),
            [
                LinearWeights::Affine(gate),
                LinearWeights::Affine(up),
                LinearWeights::Affine(down),
            ] => GatedWeights::Affine([gate, up, down]),
            [
                LinearWeights::Int8(gate),
                LinearWeights::Int8(up),
                LinearWeights::Int8(down),
            ] => {
                let weights = [gate, up, down];
                if weights.iter().any(|w| w.outliers() == Outliers::ByBatch) {
                    return None;
                }
                GatedWeights::Int8(weights)
            }
            _ => return None,
        };
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

    fn forward_by<F: Factors>(&self, x: &[f32], weights: [&F; 3]) -> Vec<f32> {
        let layers = Gated {
            weights,
            epilogues: &self.epilogues,
            activation: self.activation,
        };
        gated_feed_forward(F::Dot::engine(), x, &layers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::packed_weights::{PackedWeights, Storage};
    use crate::kernels::cpu::testing::{reader, wave};

    #[test]
    fn only_layers_of_one_type_of_short_numbers_are_one_operation() {
        let read = || reader(4, wave);
        let int8 = |outliers| {
            let weights = Int8Weights::pack(4, 4, outliers, read()).unwrap();
            LinearWeights::Int8(weights.into())
        };
        let f32 = LinearWeights::Float(
            PackedWeights::pack(4, 4, Storage::F32, read())
                .unwrap()
                .into(),
        );
        let bf16 = LinearWeights::Bf16(Bf16Weights::pack(4, 4, read()).unwrap().into());
        let affine = LinearWeights::Affine(AffineWeights::pack(4, 4, read()).unwrap().into());
        let by_row = int8(Outliers::ByRow);
        let three = |weights: &LinearWeights| [weights; 3].map(Clone::clone);
        for (weights, are_one) in [
            (three(&bf16), true),
            (three(&affine), true),
            (three(&by_row), true),
            (three(&f32), false),
            (three(&int8(Outliers::ByBatch)), false),
            ([bf16.clone(), bf16, by_row], false),
        ] {
            let layers = weights.map(|weights| PackedLayer::new(weights, None));
            let found = GatedLayers::new(layers, GateActivation::Silu);
            assert_eq!(found.is_some(), are_one, "{found:?}");
        }
    }
}
