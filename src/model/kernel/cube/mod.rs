//! What GPUs compute in ways of our own: kernels in CubeCL, one source for CUDA, ROCm, Vulkan, Metal and WebGPU.
//!
//! Sums are f32 whatever the tensors are.

pub mod attention;
pub mod layers;
pub mod product;
pub mod trial;

use burn::backend::DispatchDevice;
use burn::tensor::{Device, Tensor};
use cubecl::client::Client;

/// The device's queue and properties; `None` on a CPU.
pub fn client(device: &Device) -> Option<Client> {
    match device.as_dispatch() {
        DispatchDevice::Cube(device) => Some(device.client()),
        _ => None,
    }
}

/// Whether a tensor is on a GPU, and no gradient is wanted.
pub fn has<const D: usize>(x: &Tensor<D>) -> bool {
    matches!(x.device().as_dispatch(), DispatchDevice::Cube(_))
}
