//! Matrix instructions whose operands and sums the units of a plane hold in registers they know:
//! 16 × 8 × 16, factors in half precision, sums in f32 (`mma.m16n8k16` in NVIDIA's PTX ISA, section
//! "Matrix Fragments for mma.m16n8k16").
//!
//! Of a 16 × 8 matrix of sums, unit u of a plane holds the elements (u / 4, 2 · (u mod 4)) and
//! (u / 4, 2 · (u mod 4) + 1), and the same two eight rows below. Two such matrices side by side
//! are a left operand of 16 × 16, unit by unit: the weights of a softmax stay where they are.

mod availability;
mod operands;
mod plan;
mod scores;
mod softmax;

pub(super) use availability::{available, available_for_heads};
pub(super) use operands::{
    LANES, PADDING, PLANE, Pair, ROW_ALIGNMENT, left, multiply, right_pair, set, zeros,
};
pub(super) use plan::Plan;
pub(super) use scores::{
    PLANE_QUERIES, TILE, UNITS, lefts, load, load_position, loads_of_unit, own_queries, products,
    put_row,
};
pub(super) use softmax::{accumulate, start_softmax, store};
