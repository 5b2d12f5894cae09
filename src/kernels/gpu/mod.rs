//! Kernels for GPUs in CubeCL: one source for CUDA, ROCm, Vulkan, Metal and WebGPU.
//!
//! Sums are f32 whatever the type of the tensors is; in half precision each position term of a
//! score is rounded to it before it is added, as in the reference.

#[cfg(all(test, feature = "cuda"))]
mod assembly;
pub(crate) mod attention;
mod buffers;
pub(crate) mod causal_attention;
mod cube_rows;
mod fragments;
pub(crate) mod layers;
mod matmul;
mod rows;
mod tiles;
mod wide_product;
