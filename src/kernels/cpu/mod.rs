//! The CPU's: x86-64 with AVX2, AVX-512 or AMX, and whatever the compiler makes of the rest.

pub mod arithmetic;
pub mod attention;
pub mod dot;
pub mod int8;
pub mod linear;
pub mod math;
pub mod micro_kernel;
pub mod packed_weights;
pub mod relative_bias;
