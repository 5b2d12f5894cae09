//! Operands and sums of a matrix instruction, loaded, multiplied and added up.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use cubecl::cmma::{MatrixIdent, MmaDefinition};
use cubecl::prelude::*;

/// Units of a plane.
pub(in crate::kernels::gpu) const PLANE: usize = 32;

/// Elements that are read at once.
pub(in crate::kernels::gpu) const LANES: usize = 8;

/// Elements that a unit holds side by side.
pub(in crate::kernels::gpu) type Pair = Const<2>;

/// Alignment in bytes of what is loaded as operands.
pub(in crate::kernels::gpu) const ROW_ALIGNMENT: usize = 16;

/// Elements added to each row, so that eight rows loaded at once are in different banks.
pub(in crate::kernels::gpu) const PADDING: usize = 8;

/// The 16 × 16 elements of `from` whose first is at `at`, `stride` apart from row to row, as a left
/// operand.
#[cube]
pub(in crate::kernels::gpu) fn left<E: Float>(
    from: &Shared<[E]>,
    at: usize,
    #[comptime] stride: usize,
) -> Array<Vector<E, Pair>> {
    let unit = UNIT_POS_PLANE as usize;
    let begin = at + unit % 16 * stride + unit / 16 * 8;
    load_four::<E>(from, begin, MatrixIdent::A, false)
}

/// Two right operands of 16 × 8 side by side: of `from`, sixteen rows from `at` on are their
/// columns.
#[cube]
pub(in crate::kernels::gpu) fn right_pair<E: Float>(
    from: &Shared<[E]>,
    at: usize,
    #[comptime] stride: usize,
) -> Array<Vector<E, Pair>> {
    let unit = UNIT_POS_PLANE as usize;
    let begin = at + (unit / 16 * 8 + unit % 8) * stride + unit / 8 % 2 * 8;
    load_four::<E>(from, begin, MatrixIdent::B, false)
}

/// The same where rows of `from` are rows of the operands.
#[cube]
pub(in crate::kernels::gpu) fn right_pair_by_rows<E: Float>(
    from: &Shared<[E]>,
    at: usize,
    #[comptime] stride: usize,
) -> Array<Vector<E, Pair>> {
    let unit = UNIT_POS_PLANE as usize;
    let begin = at + unit % 16 * stride + unit / 16 * 8;
    load_four::<E>(from, begin, MatrixIdent::B, true)
}

/// Four matrices of 8 × 8, for whose rows the units name the first element, eight units a matrix.
#[cube]
fn load_four<E: Float>(
    from: &Shared<[E]>,
    begin: usize,
    #[comptime] ident: MatrixIdent,
    #[comptime] transpose: bool,
) -> Array<Vector<E, Pair>> {
    let define = MmaDefinition::<E, E, f32>::new(16usize, 8usize, 16usize);
    define.load_matrix::<E, Pair>(&from[begin..begin + 8], ident, 4usize, transpose)
}

/// Adds the product of `left` and one of the two operands in `pair`, the first or the second, to
/// `sum`.
#[cube]
pub(in crate::kernels::gpu) fn multiply<E: Float>(
    left: &Array<Vector<E, Pair>>,
    pair: &Array<Vector<E, Pair>>,
    #[comptime] second: usize,
    sum: &mut Array<Vector<f32, Pair>>,
) {
    let mut right = Array::<Vector<E, Pair>>::new(2usize);
    right[0] = pair[comptime!(2 * second)];
    right[1] = pair[comptime!(2 * second + 1)];
    let define = MmaDefinition::<E, E, f32>::new(16usize, 8usize, 16usize);
    define.execute_inplace(left, &right, sum);
}

/// `count` matrices of sums, all zero.
#[cube]
pub(in crate::kernels::gpu) fn zeros(
    #[comptime] count: usize,
) -> Sequence<Array<Vector<f32, Pair>>> {
    let mut sums = Sequence::new();
    #[unroll]
    for _ in 0..count {
        let mut sum = Array::<Vector<f32, Pair>>::new(2usize);
        sum[0] = Vector::new(0.0);
        sum[1] = Vector::new(0.0);
        sums.push(sum);
    }
    sums
}

/// Changes one of the two pairs that a unit holds of a matrix of sums.
#[cube]
pub(in crate::kernels::gpu) fn set(
    sums: &mut Array<Vector<f32, Pair>>,
    #[comptime] half: usize,
    pair: Vector<f32, Pair>,
) {
    sums[half] = pair;
}
