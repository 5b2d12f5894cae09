//! The weights of a linear layer, in the type in which the product takes them.

use std::sync::Arc;

use crate::kernels::cpu::affine::AffineWeights;
use crate::kernels::cpu::bf16::Bf16Weights;
use crate::kernels::cpu::int8::Int8Weights;
use crate::kernels::cpu::packed_weights::PackedWeights;

/// Packed weights `[output, input]`.
#[derive(Debug, Clone)]
pub enum LinearWeights {
    Float(Arc<PackedWeights>),
    Bf16(Arc<Bf16Weights>),
    Affine(Arc<AffineWeights>),
    Int8(Arc<Int8Weights>),
}
