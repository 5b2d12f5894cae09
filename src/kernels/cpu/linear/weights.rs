//! The weights of a linear layer, in the type in which the product takes them.

use std::sync::Arc;

use crate::kernels::cpu::affine::AffineWeights;
use crate::kernels::cpu::bf16::Bf16Weights;
use crate::kernels::cpu::dot::{Bf16, DotType, Int8};
use crate::kernels::cpu::int8::{Int8Weights, in_half};
use crate::kernels::cpu::micro_kernel::ROWS;
use crate::kernels::cpu::packed_weights::PackedWeights;

/// Packed weights `[output, input]`.
#[derive(Debug, Clone)]
pub enum LinearWeights {
    Float(Arc<PackedWeights>),
    Bf16(Arc<Bf16Weights>),
    Affine(Arc<AffineWeights>),
    Int8(Arc<Int8Weights>),
}

/// A linear layer with packed weights.
#[derive(Debug, Clone)]
pub struct PackedLayer {
    /// `[output, input]`
    pub(super) weights: LinearWeights,
    /// `[output]`, as the product takes it.
    pub(super) bias: Option<Arc<[f32]>>,
}

impl PackedLayer {
    /// `bias`: `[output]`
    pub(crate) fn new(weights: LinearWeights, bias: Option<&[f32]>) -> Self {
        let bias = bias.map(|bias| match &weights {
            LinearWeights::Int8(_) => in_half(bias),
            _ => bias.into(),
        });
        Self { weights, bias }
    }

    pub(crate) fn weights(&self) -> &LinearWeights {
        &self.weights
    }
}

impl LinearWeights {
    /// Rows that a product with them takes together.
    pub(crate) fn group(&self) -> usize {
        match self {
            Self::Float(_) => ROWS,
            Self::Bf16(_) => Bf16::engine().rows(),
            Self::Affine(_) | Self::Int8(_) => Int8::engine().rows(),
        }
    }
}
