//! What GPUs compute in ways of our own: kernels in CubeCL, one source for CUDA, ROCm, Vulkan,
//! Metal and WebGPU.
//!
//! Sums are f32 whatever the tensors are.

pub mod attention;
pub mod layers;
pub mod product;

use cubecl::ir::{DeviceProperties, ElemType};

/// How many elements the device reads at once where rows have so many.
fn lanes(properties: &DeviceProperties, dtype: ElemType, size: usize) -> usize {
    let widest = (properties.hardware.load_width as usize / 8 / dtype.size())
        .min(properties.hardware.max_vector_size);
    [8, 4, 2]
        .into_iter()
        .find(|lanes| *lanes <= widest && size.is_multiple_of(*lanes))
        .unwrap_or(1)
}
