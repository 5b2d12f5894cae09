//! What GPUs compute in ways of our own: kernels in CubeCL, one source for CUDA, ROCm, Vulkan, Metal and WebGPU.
//!
//! Sums are f32 whatever the tensors are.

pub mod attention;
pub mod layers;
pub mod product;
pub mod trial;
