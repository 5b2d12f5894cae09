//! What is computed in ways of our own, behind burn's extension mechanism; the tensor operations that they stand in for
//! are their oracles. All is for the CPU, but for `cube`.

pub mod arithmetic;
pub mod attention;
#[cfg(feature = "_gpu")]
pub mod cube;
pub mod int8;
pub mod math;
pub mod panels;
pub mod positional;
pub mod product;
pub mod short;
pub mod tile;

use burn::tensor::Tensor;

/// Whether the kernels of `cube` are to be taken.
pub fn is_on_gpu<const D: usize>(x: &Tensor<D>) -> bool {
    #[cfg(feature = "_gpu")]
    return matches!(x.device().as_dispatch(), burn::backend::DispatchDevice::Cube(_));
    #[cfg(not(feature = "_gpu"))]
    {
        let _ = x;
        false
    }
}
