//! The weights of a linear layer, in the type in which the product takes them.

use std::sync::Arc;

use crate::kernels::cpu::affine::AffineWeights;
use crate::kernels::cpu::bf16::Bf16Weights;
use crate::kernels::cpu::dot::{Bf16, DotType, Int8};
use crate::kernels::cpu::int8::Int8Weights;
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
