//! What a cube computes: the layout is that of CUTLASS' products before Hopper ("Efficient GEMM in
//! CUDA", CUTLASS documentation). All sums of a plane stay in its registers; while 64 inputs of both
//! sides are multiplied from the shared memory, the next 64 are put there; those after them are asked
//! for beside the last sixteen, and have half a step to come.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::kernels::gpu::fragments::{
    LANES, PADDING, PLANE, Pair, ROW_ALIGNMENT, left, multiply, right_pair, zeros,
};

/// Rows of a tile.
pub(super) const ROWS: usize = 128;
/// Outputs of a tile.
pub(super) const OUTPUTS: usize = 256;
/// Inputs that are multiplied at a time: half as many would wait for the memory, 1.3 times as long
/// on an H200.
pub(super) const INPUTS: usize = 64;
/// Rows and outputs of a plane.
const SIDE: usize = 64;
pub(super) const UNITS: usize = ROWS * OUTPUTS / SIDE / SIDE * PLANE;
/// What is loaded for a step: rows of x and of the weight, one below the other.
const LINES: usize = ROWS + OUTPUTS;
/// Elements of the shared memory from one line to the next, and for a step.
const STRIDE: usize = INPUTS + PADDING;
pub(super) const STEP: usize = LINES * STRIDE;
/// Units that load a line together, and lines that all load at once.
const LOADERS: usize = INPUTS / LANES;
const LOADED: usize = UNITS / LOADERS;
/// Parts in which the next step is put into the shared memory, one beside each product of sixteen
/// inputs but the first, when it may not have come yet.
const PARTS: usize = INPUTS / 16 - 1;
/// Rows of its sums that a plane puts into the shared memory at a time, to write them from there row
/// by row.
const STORED: usize = 32;
const _: () = assert!(UNITS / PLANE * STORED * STRIDE <= STEP && SIDE == INPUTS);
const _: () = assert!(LINES.is_multiple_of(LOADED * PARTS) && ROWS.is_multiple_of(LOADED));

/// `x`: `[rows, inputs]`, `weight`: `[outputs, inputs]`, in vectors; `bias`: `[outputs]`, which is
/// read and added if `adds` → `output`: `[rows, outputs]`, in vectors
#[cube(launch_unchecked)]
#[expect(
    clippy::too_many_arguments,
    reason = "a kernel takes buffers one by one"
)]
pub(super) fn product<E: Float, N: Size>(
    x: &[Vector<E, N>],
    weight: &[Vector<E, N>],
    bias: &[E],
    output: &mut [Vector<E, N>],
    rows: usize,
    outputs: usize,
    inputs: usize,
    stride: usize,
    #[comptime] adds: bool,
    #[define(E)] _dtype: ElemType,
) {
    let mut memory = Shared::<[E]>::new_aligned_slice(comptime!(2 * STEP), ROW_ALIGNMENT);
    let mut ahead = Array::<Vector<E, N>>::new(comptime!(LINES / LOADED));
    let plane = UNIT_POS as usize / PLANE;
    let across = comptime!(OUTPUTS / SIDE);
    let own_row = plane / across * SIDE;
    let own_output = plane % across * SIDE;
    // Sixteens of rows by eights of outputs.
    let eights = comptime!(SIDE / 8);

    let tiles_across = outputs.div_ceil(OUTPUTS);
    let tiles = rows.div_ceil(ROWS) * tiles_across;
    let steps = inputs / INPUTS;
    let mut tile = CUBE_POS_X as usize;
    // Where the inputs that are multiplied begin, and where the next ones do.
    let mut begin = 0usize.runtime();
    let mut next = STEP.runtime();
    // What is read from the device's memory, two steps ahead; in the end the last tile again, so that
    // nothing needs a branch.
    let mut ahead_tile = tile;
    let mut ahead_step = 0usize.runtime();
    #[unroll]
    for first in 0..2usize {
        if comptime!(first == 1) {
            #[unroll]
            for part in 0..PARTS {
                put(&ahead, &mut memory, begin, part);
            }
        }
        fetch::<E, N>(
            x, weight, &mut ahead, ahead_tile, ahead_step, rows, outputs, inputs, stride,
        );
        ahead_step += 1;
        if ahead_step == steps {
            ahead_step = 0;
            ahead_tile = min(ahead_tile + CUBE_COUNT_X as usize, tiles - 1);
        }
    }
    sync_cube();
    while tile < tiles {
        let mut sums = zeros(comptime!(SIDE / 16 * eights));
        let mut step = 0usize;
        while step < steps {
            #[unroll]
            for k in 0..comptime!(INPUTS / 16) {
                let mut rights = Sequence::<Array<Vector<E, Pair>>>::new();
                #[unroll]
                for j in 0..comptime!(eights / 2) {
                    let at = begin + (ROWS + own_output + j * 16) * STRIDE + k * 16;
                    rights.push(right_pair::<E>(&memory, at, STRIDE));
                }
                if comptime!(k > 0) {
                    // What was there has been read: all have left the step before, or the tile.
                    put(&ahead, &mut memory, next, comptime!(k - 1));
                }
                if comptime!(k == PARTS) {
                    fetch::<E, N>(
                        x, weight, &mut ahead, ahead_tile, ahead_step, rows, outputs, inputs,
                        stride,
                    );
                }
                #[unroll]
                for i in 0..comptime!(SIDE / 16) {
                    let at = begin + (own_row + i * 16) * STRIDE + k * 16;
                    let rows_of_x = left::<E>(&memory, at, STRIDE);
                    #[unroll]
                    for j in 0..eights {
                        multiply::<E>(
                            &rows_of_x,
                            &rights[comptime!(j / 2)],
                            comptime!(j % 2),
                            &mut sums[comptime!(i * eights + j)],
                        );
                    }
                }
            }
            ahead_step += 1;
            if ahead_step == steps {
                ahead_step = 0;
                ahead_tile = min(ahead_tile + CUBE_COUNT_X as usize, tiles - 1);
            }
            sync_cube();
            begin = next;
            next = STEP - begin;
            step += 1;
        }
        // What was multiplied last is read no more: its place takes the sums.
        store::<E, N>(
            &sums,
            bias,
            output,
            &mut memory,
            next + plane * comptime!(STORED * STRIDE),
            tile / tiles_across * ROWS + own_row,
            tile % tiles_across * OUTPUTS + own_output,
            rows,
            outputs,
            adds,
        );
        sync_cube();
        tile += CUBE_COUNT_X as usize;
    }
}

/// Reads this unit's share of a step. Rows and outputs that are not there are the last one again, and
/// their sums are not stored.
#[cube]
#[expect(
    clippy::too_many_arguments,
    reason = "the numbers of a tile, one by one"
)]
fn fetch<E: Float, N: Size>(
    x: &[Vector<E, N>],
    weight: &[Vector<E, N>],
    ahead: &mut Array<Vector<E, N>>,
    tile: usize,
    step: usize,
    rows: usize,
    outputs: usize,
    inputs: usize,
    stride: usize,
) {
    let tiles_across = outputs.div_ceil(OUTPUTS);
    let (line, column) = (UNIT_POS as usize / LOADERS, UNIT_POS as usize % LOADERS);
    let at = step * LOADERS + column;
    #[unroll]
    for i in 0..comptime!(LINES / LOADED) {
        let first = comptime!(i * LOADED);
        if comptime!(first < ROWS) {
            let row = min(tile / tiles_across * ROWS + first + line, rows - 1);
            ahead[i] = x[row * (inputs / LANES) + at];
        } else {
            let output = min(
                tile % tiles_across * OUTPUTS + comptime!(first - ROWS) + line,
                outputs - 1,
            );
            ahead[i] = weight[output * (stride / LANES) + at];
        }
    }
}

/// Writes one part of it to the shared memory of a step, which begins at `begin`.
#[cube]
fn put<E: Float, N: Size>(
    ahead: &Array<Vector<E, N>>,
    memory: &mut Shared<[E]>,
    begin: usize,
    #[comptime] part: usize,
) {
    let (line, column) = (UNIT_POS as usize / LOADERS, UNIT_POS as usize % LOADERS);
    let to = memory.as_vectorized_mut().with_vector_size_mut::<N>();
    #[unroll]
    for n in 0..comptime!(LINES / LOADED / PARTS) {
        let i = comptime!(part * (LINES / LOADED / PARTS) + n);
        to[(begin + (i * LOADED + line) * STRIDE) / LANES + column] = ahead[i];
    }
}

/// Adds the bias to a plane's sums and writes them to the rows and outputs from `first_row` and
/// `first_output` on, those that are there. They go through the plane's own part of the shared
/// memory, which begins at `begin`: from there eight units write a row together.
#[cube]
#[expect(
    clippy::too_many_arguments,
    reason = "the numbers of a tile, one by one"
)]
fn store<E: Float, N: Size>(
    sums: &Sequence<Array<Vector<f32, Pair>>>,
    bias: &[E],
    output: &mut [Vector<E, N>],
    memory: &mut Shared<[E]>,
    begin: usize,
    first_row: usize,
    first_output: usize,
    rows: usize,
    outputs: usize,
    #[comptime] adds: bool,
) {
    let unit = UNIT_POS_PLANE as usize;
    let eights = comptime!(SIDE / 8);
    #[unroll]
    for part in 0..comptime!(SIDE / STORED) {
        #[unroll]
        for j in 0..eights {
            let column = j * 8 + unit % 4 * 2;
            let mut summand = Vector::<f32, Pair>::new(0.0);
            if adds {
                // Outputs that are not there are not stored.
                let at = min(first_output + column, outputs - 2);
                summand.insert(0usize, f32::cast_from(bias[at]));
                summand.insert(1usize, f32::cast_from(bias[at + 1]));
            }
            #[unroll]
            for half in 0..comptime!(STORED / 8) {
                let of = comptime!((part * STORED / 16 + half / 2) * eights + j);
                let mut sum = sums[of][comptime!(half % 2)];
                if adds {
                    sum += summand;
                }
                let at = begin + (half * 8 + unit / 4) * STRIDE + column;
                let to = memory.as_vectorized_mut().with_vector_size_mut::<Pair>();
                to[at / 2] = Vector::cast_from(sum);
            }
        }
        sync_plane();
        #[unroll]
        for i in 0..comptime!(STORED * LOADERS / PLANE) {
            let line = i * (PLANE / LOADERS) + unit / LOADERS;
            let row = first_row + part * STORED + line;
            let column = first_output + unit % LOADERS * LANES;
            if row < rows && column < outputs {
                let from = memory.as_vectorized().with_vector_size::<N>();
                output[row * (outputs / LANES) + column / LANES] =
                    from[(begin + line * STRIDE) / LANES + unit % LOADERS];
            }
        }
        sync_plane();
    }
}
