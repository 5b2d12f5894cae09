//! What is fast: the operations of the model in ways of our own, behind burn's extension mechanism.
//! The tensor operations that they stand in for are their oracles.

pub mod activation;
pub mod attention;
pub mod cpu;
#[cfg(feature = "_gpu")]
pub mod gpu;
pub mod relative_positions;

use burn::tensor::Tensor;

/// Whether the kernels of `gpu` are to be taken.
pub fn is_on_gpu<const D: usize>(x: &Tensor<D>) -> bool {
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
