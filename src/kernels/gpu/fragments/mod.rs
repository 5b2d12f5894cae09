//! Matrix instructions whose operands and sums the units of a plane hold in registers they know:
//! 16 × 8 × 16, factors in half precision, sums in f32 (`mma.m16n8k16` in NVIDIA's PTX ISA, section
//! "Matrix Fragments for mma.m16n8k16").
//!
//! Of a 16 × 8 matrix of sums, unit u of a plane holds the elements (u / 4, 2 · (u mod 4)) and
//! (u / 4, 2 · (u mod 4) + 1), and the same two eight rows below. Pair such matrices side by side are
//! a left operand of 16 × 16, unit by unit: the weights of a softmax stay where they are.

mod operands;
mod scores;
mod softmax;

use cubecl::ir::features::MmaConfig;
use cubecl::ir::{DeviceProperties, ElemType, FloatKind};

pub(super) use operands::{PADDING, Pair, ROW_ALIGNMENT, left, multiply, right_pair, set, zeros};
pub(super) use scores::{
    PLANE_QUERIES, TILE, UNITS, lefts, load, load_position, loads_of_unit, own_queries, products,
    put_row,
};
pub(super) use softmax::{accumulate, start_softmax, store};

use crate::kernels::gpu::buffers::vector_size;

/// Units of a plane.
pub(super) const PLANE: usize = 32;

/// Elements that are read at once.
pub(super) const LANES: usize = 8;

/// Whether the device has these instructions for matrices of `width` elements a row, can load their
/// operands at once, and gives a cube `shared` bytes of shared memory.
pub(super) fn available(
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
pub(super) fn available_for_heads(
    properties: &DeviceProperties,
    dtype: ElemType,
    size: usize,
    shared: usize,
) -> bool {
    size.is_multiple_of(16)
        && size <= scores::MAX_HEAD_SIZE
        && available(properties, dtype, size, shared)
}
