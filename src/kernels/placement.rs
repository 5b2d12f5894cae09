//! Where a tensor is.

use burn::tensor::Tensor;

/// Whether `x`, of any shape, is on a GPU, whose kernels are those of `kernels::gpu`.
pub(crate) fn is_on_gpu<const D: usize>(x: &Tensor<D>) -> bool {
    #[cfg(feature = "_gpu")]
    return matches!(
        x.device().as_dispatch(),
        burn::backend::DispatchDevice::Cube(_)
    );
    #[cfg(not(feature = "_gpu"))]
    {
        let _ = x;
        false
    }
}
