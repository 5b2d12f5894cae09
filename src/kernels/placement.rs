//! Where a tensor is, and how much room there is.

use burn::backend::DispatchDevice;
use burn::tensor::{Device, Tensor};

use crate::support::memory;

/// Whether `x`, of any shape, is on burn's CPU backend and needs no gradient: the kernels of
/// `kernels::cpu` compute with it.
pub(crate) fn is_on_cpu<const D: usize>(x: &Tensor<D>) -> bool {
    is_cpu(&x.device())
}

/// Whether this is burn's CPU backend.
pub(crate) fn is_cpu(device: &Device) -> bool {
    matches!(device.as_dispatch(), DispatchDevice::Flex(_))
}

/// Whether `x`, of any shape, is on a GPU, whose kernels are those of `kernels::gpu`.
pub(crate) fn is_on_gpu<const D: usize>(x: &Tensor<D>) -> bool {
    #[cfg(feature = "_gpu")]
    return matches!(x.device().as_dispatch(), DispatchDevice::Cube(_));
    #[cfg(not(feature = "_gpu"))]
    {
        let _ = x;
        false
    }
}

/// Bytes of memory that there are for a model: what this machine has left or, on a GPU, all that it
/// has, where its driver says.
pub(crate) fn memory_of(device: &Device) -> Option<u64> {
    #[cfg(feature = "_gpu")]
    if let DispatchDevice::Cube(gpu) = device.as_dispatch() {
        let all = || gpu.client().properties().memory.max_memory();
        return crate::support::test_hooks::available_memory().or_else(all);
    }
    let _ = device;
    memory::available()
}
