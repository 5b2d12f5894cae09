//! Tensors as a kernel takes them.

use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::ir::{DeviceProperties, ElemType};
use cubecl::prelude::*;

/// How many elements the device reads at once, for rows of `size` elements.
pub(super) fn vector_size(properties: &DeviceProperties, dtype: ElemType, size: usize) -> usize {
    let widest = (properties.hardware.load_width as usize / 8 / dtype.size())
        .min(properties.hardware.max_vector_size);
    [8, 4, 2]
        .into_iter()
        .find(|lanes| *lanes <= widest && size.is_multiple_of(*lanes))
        .unwrap_or(1)
}

/// A tensor as a buffer of vectors of `lanes` elements; its last dimension is a multiple of that.
pub(super) fn vectors_of(tensor: CubeTensor, lanes: usize) -> BufferArg {
    let tensor = into_contiguous(tensor);
    let vectors = tensor.meta.num_elements() / lanes;
    // SAFETY: the length is the tensor's.
    unsafe { BufferArg::from_raw_parts(tensor.handle, vectors) }
}
