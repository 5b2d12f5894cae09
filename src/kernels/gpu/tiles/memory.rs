//! Between the device's memory and the shared memory of a cube.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use cubecl::prelude::*;

use crate::kernels::gpu::tiles::tiling::Tiling;

/// Loads `count` rows of one head of `from` `[rows, hidden]`, from `first` on, into `to`
/// `[tile, size]`; its other rows become 0. `column`: the head's first element.
#[cube]
pub(in crate::kernels::gpu) fn load<E: Float, N: Size>(
    from: &[Vector<E, N>],
    to: &mut Shared<[E]>,
    first: usize,
    count: usize,
    hidden: usize,
    column: usize,
    #[comptime] tiling: Tiling,
) {
    let lanes = comptime!(tiling.lanes);
    let parts = comptime!(tiling.size / tiling.lanes);
    let mut at = UNIT_POS as usize;
    while at < comptime!(tiling.tile * tiling.size / tiling.lanes) {
        let (row, part) = (at / parts, at % parts);
        let mut x = Vector::<E, N>::new(E::new(0.0));
        if row < count {
            x = from[((first + row) * hidden + column) / lanes + part];
        }
        put::<E, N>(to, row, part, x, tiling);
        at += CUBE_DIM as usize;
    }
}

/// Writes a vector of a row: at once where rows begin at multiples of it.
#[cube]
pub(in crate::kernels::gpu) fn put<E: Float, N: Size>(
    to: &mut Shared<[E]>,
    row: usize,
    part: usize,
    x: Vector<E, N>,
    #[comptime] tiling: Tiling,
) {
    let lanes = comptime!(tiling.lanes);
    let begin = row * comptime!(tiling.stride) + part * lanes;
    if comptime!(tiling.stride.is_multiple_of(tiling.lanes)) {
        to.as_vectorized_mut().with_vector_size_mut::<N>()[begin / lanes] = x;
    } else {
        #[unroll]
        for lane in 0..lanes {
            to[begin + lane] = x.extract(lane);
        }
    }
}

/// Writes the first `count` rows of `context` `[tile, size]`, each divided by its sum of weights,
/// `sums` `[tile]`, to the rows of one head of `output` `[rows, hidden]`, from `first` on.
/// `column`: the head's first element.
#[cube]
#[expect(
    clippy::too_many_arguments,
    reason = "the numbers of a tile, one by one"
)]
pub(in crate::kernels::gpu) fn store<E: Float>(
    context: &Shared<[f32]>,
    sums: &Shared<[f32]>,
    output: &mut [E],
    first: usize,
    count: usize,
    hidden: usize,
    column: usize,
    #[comptime] tiling: Tiling,
) {
    let size = comptime!(tiling.size);
    let mut at = UNIT_POS as usize;
    while at < comptime!(tiling.tile * tiling.size) {
        let (i, c) = (at / size, at % size);
        if i < count {
            output[(first + i) * hidden + column + c] = E::cast_from(context[at] / sums[i]);
        }
        at += CUBE_DIM as usize;
    }
}
