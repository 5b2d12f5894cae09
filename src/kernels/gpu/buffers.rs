//! Tensors as a kernel takes them.

use burn::tensor::DType;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::client::Client;
use cubecl::ir::{DeviceProperties, ElemType};
use cubecl::prelude::*;
use cubecl::server::Handle;

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

/// An uninitialised tensor of the same shape.
pub(super) fn empty_like(x: &CubeTensor, dtype: DType) -> CubeTensor {
    let (client, device) = (x.client.clone(), x.device.clone());
    empty_device_contiguous_dtype(client, device, x.meta.shape().clone(), dtype)
}

/// An uninitialised tensor of the same type, row after row without gaps.
pub(super) fn empty(like: &CubeTensor, shape: [usize; 2]) -> CubeTensor {
    let (client, device) = (like.client.clone(), like.device.clone());
    empty_device_contiguous_dtype(client, device, shape.into(), like.dtype)
}

/// Numbers on the device that are no tensor.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    handle: Handle,
    pub(super) count: usize,
}

impl Numbers {
    pub(super) fn upload<T: bytemuck::NoUninit>(client: &Client, numbers: &[T]) -> Self {
        Self {
            handle: client.create_from_slice(bytemuck::cast_slice(numbers)),
            count: numbers.len(),
        }
    }

    /// Indices, all of them below 2³².
    pub(super) fn upload_indices(
        client: &Client,
        indices: impl IntoIterator<Item = usize>,
    ) -> Self {
        let narrow = |index| u32::try_from(index).unwrap_or(u32::MAX);
        let indices: Vec<u32> = indices.into_iter().map(narrow).collect();
        Self::upload(client, &indices)
    }

    /// As a buffer of vectors of `lanes` numbers, a divisor of their count.
    pub(super) fn vectors(self, lanes: usize) -> BufferArg {
        // SAFETY: the length is that of the slice that the buffer was made from.
        unsafe { BufferArg::from_raw_parts(self.handle, self.count / lanes) }
    }
}
