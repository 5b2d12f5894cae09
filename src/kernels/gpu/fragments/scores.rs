//! A tile of queries and one of keys: how they are divided among planes, and their scores.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use cubecl::prelude::*;

use crate::kernels::gpu::fragments::operands::{
    LANES, PADDING, PLANE, Pair, left, multiply, right_pair, zeros,
};

/// Queries of a plane.
pub(in crate::kernels::gpu) const PLANE_QUERIES: usize = 16;

/// Queries of a cube, and keys that they meet at a time.
pub(in crate::kernels::gpu) const TILE: usize = 64;

/// Units of a cube.
pub(in crate::kernels::gpu) const UNITS: usize = TILE / PLANE_QUERIES * PLANE;

/// The widest heads whose context stays in registers, beside queries and scores.
pub(super) const MAX_HEAD_SIZE: usize = 128;

/// The first of the tile's queries that are this plane's.
#[cube]
pub(in crate::kernels::gpu) fn own_queries() -> usize {
    UNIT_POS as usize / PLANE * PLANE_QUERIES
}

/// Loads `count` rows of one head of `from` `[rows, width]`, from `first` on, into `to`
/// `[TILE, size]`; its other rows become 0. `column`: the head's first element.
#[cube]
pub(in crate::kernels::gpu) fn load<E: Float, N: Size>(
    from: &[Vector<E, N>],
    to: &mut Shared<[E]>,
    first: usize,
    count: usize,
    width: usize,
    column: usize,
    #[comptime] size: usize,
) {
    #[unroll]
    for i in 0..comptime!(loads_of_unit(size)) {
        let (row, part) = load_position(i, size);
        let mut x = Vector::<E, N>::new(E::new(0.0));
        if row < count {
            x = from[(first + row) * (width / LANES) + column / LANES + part];
        }
        put_row::<E, N>(to, row, part, x, size);
    }
}

/// How many vectors of a tile a unit loads: heads have a multiple of sixteen dimensions.
pub(in crate::kernels::gpu) const fn loads_of_unit(size: usize) -> usize {
    TILE * size / LANES / UNITS
}

/// The row, and the vector of it, that this unit loads as its `i`th.
#[cube]
pub(in crate::kernels::gpu) fn load_position(
    #[comptime] i: usize,
    #[comptime] size: usize,
) -> (usize, usize) {
    let at = UNIT_POS as usize + i * UNITS;
    (at / comptime!(size / LANES), at % comptime!(size / LANES))
}

/// Writes a vector of a row of `to` `[TILE, size]`.
#[cube]
pub(in crate::kernels::gpu) fn put_row<E: Float, N: Size>(
    to: &mut Shared<[E]>,
    row: usize,
    part: usize,
    x: Vector<E, N>,
    #[comptime] size: usize,
) {
    let to = to.as_vectorized_mut().with_vector_size_mut::<N>();
    to[row * comptime!((size + PADDING) / LANES) + part] = x;
}

/// Sixteen rows of `from` `[rows, size]`, from `row` on: a left operand for every sixteen
/// dimensions.
#[cube]
pub(in crate::kernels::gpu) fn lefts<E: Float>(
    from: &Shared<[E]>,
    row: usize,
    #[comptime] size: usize,
) -> Sequence<Array<Vector<E, Pair>>> {
    let stride = comptime!(size + PADDING);
    let mut operands = Sequence::<Array<Vector<E, Pair>>>::new();
    #[unroll]
    for k in 0..comptime!(size / 16) {
        operands.push(left::<E>(from, row * stride + k * 16, stride));
    }
    operands
}

/// lefts · rowsᵀ for `sixteens` times sixteen rows of `from` `[rows, size]`, from `row` on: a
/// matrix of sums for every eight.
#[cube]
pub(in crate::kernels::gpu) fn products<E: Float>(
    lefts: &Sequence<Array<Vector<E, Pair>>>,
    from: &Shared<[E]>,
    row: usize,
    #[comptime] sixteens: usize,
    #[comptime] size: usize,
) -> Sequence<Array<Vector<f32, Pair>>> {
    let stride = comptime!(size + PADDING);
    let mut sums = zeros(comptime!(2 * sixteens));
    #[unroll]
    for k in 0..comptime!(size / 16) {
        #[unroll]
        for j in 0..sixteens {
            let pair = right_pair::<E>(from, (row + j * 16) * stride + k * 16, stride);
            multiply::<E>(&lefts[k], &pair, 0usize, &mut sums[comptime!(2 * j)]);
            multiply::<E>(&lefts[k], &pair, 1usize, &mut sums[comptime!(2 * j + 1)]);
        }
    }
    sums
}
