//! Kernels for CPUs: x86-64 with AVX2, AVX-512 or AMX, and what the compiler makes of portable code
//! on other processors.

pub mod affine;
mod arithmetic;
mod attention;
pub mod bf16;
mod causal_attention;
pub mod dot;
mod dot_layer;
pub(crate) mod epilogue;
pub mod int8;
pub mod linear;
mod math;
mod matrix_view;
mod micro_kernel;
pub mod packed_weights;
mod parts;
mod relative_bias;
pub(crate) mod row_blocks;
pub(crate) mod rows;
mod scratch;
mod softmax;
#[cfg(test)]
mod testing;
