//! Whether a device has what the fragments need.

use cubecl::ir::features::MmaConfig;
use cubecl::ir::{DeviceProperties, ElemType, FloatKind};

use crate::kernels::gpu::buffers::vector_size;
use crate::kernels::gpu::fragments::operands::{LANES, PLANE};
use crate::kernels::gpu::fragments::scores::MAX_HEAD_SIZE;

/// Whether the device has these instructions for matrices of `width` elements a row, can load their
/// operands at once, and gives a cube `shared` bytes of shared memory.
pub(in crate::kernels::gpu) fn available(
    properties: &DeviceProperties,
    dtype: ElemType,
    width: usize,
    shared: usize,
) -> bool {
    let instruction = MmaConfig {
        a_type: dtype,
        b_type: dtype,
        cd_type: ElemType::Float(FloatKind::F32),
        m: 16,
        n: 8,
        k: 16,
    };
    let (hardware, matmul) = (&properties.hardware, &properties.features.matmul);
    let plane = u32::try_from(PLANE).expect("32");
    dtype.size() == 2
        && (hardware.plane_size_min, hardware.plane_size_max) == (plane, plane)
        && vector_size(properties, dtype, width) == LANES
        && shared <= hardware.max_shared_memory_size
        && matmul.mma.contains(&instruction)
        && matmul.ldmatrix.contains(&dtype)
}

/// The same for attention with heads of `size` dimensions.
pub(in crate::kernels::gpu) fn available_for_heads(
    properties: &DeviceProperties,
    dtype: ElemType,
    size: usize,
    shared: usize,
) -> bool {
    size.is_multiple_of(16) && size <= MAX_HEAD_SIZE && available(properties, dtype, size, shared)
}
