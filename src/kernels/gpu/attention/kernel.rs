//! What a cube does: a tile of queries of one head against all keys of their row.
#![expect(clippy::cast_possible_truncation, reason = "indices of a tile")]
#![allow(clippy::used_underscore_binding, reason = "the macro's")]

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::kernels::gpu::attention::{FIELDS, Form};

/// A score that no softmax sees, far below any: WGSL has no infinity.
const NEVER: f32 = -1e30;

/// Bytes: NVIDIA's matrices are loaded from multiples of it.
const ALIGNED: usize = 32;

/// `query`: `[queries, hidden]`; `key`, `value`: `[tokens, hidden]`; `pos_keys`, `pos_queries`: `[2
/// · span, hidden]`; `blocks`: `[blocks, FIELDS]`; `table`: `[2 · reach + 1]`, the row of the
/// position table by query position − key position, from −reach → `[queries, hidden]`.
#[cube(launch)]
#[expect(
    clippy::too_many_arguments,
    reason = "a kernel takes buffers one by one"
)]
pub fn attend<E: Float, N: Size>(
    query: &[Vector<E, N>],
    key: &[Vector<E, N>],
    value: &[Vector<E, N>],
    pos_keys: &[Vector<E, N>],
    pos_queries: &[Vector<E, N>],
    blocks: &[u32],
    table: &[u32],
    output: &mut [E],
    hidden: usize,
    inverse_scale: f32,
    #[comptime] form: Form,
    #[define(E)] _dtype: ElemType,
) {
    let tile = comptime!(form.tile);
    let size = comptime!(form.size);
    let stride = comptime!(form.stride);
    let block = CUBE_POS_X as usize * FIELDS;
    let tokens = blocks[block] as usize;
    let length = blocks[block + 1] as usize;
    let first = blocks[block + 2] as usize;
    let position = blocks[block + 3] as usize;
    let count = blocks[block + 4] as usize;
    let column = CUBE_POS_Y as usize * size;

    let mut queries = Shared::<[E]>::new_aligned_slice(tile * stride, ALIGNED);
    let mut keys = Shared::<[E]>::new_aligned_slice(tile * stride, ALIGNED);
    let mut window = Shared::<[E]>::new_aligned_slice(2 * tile * stride, ALIGNED);
    let mut weights = Shared::<[E]>::new_aligned_slice(tile * tile, ALIGNED);
    let mut scores = Shared::<[f32]>::new_aligned_slice(tile * tile, ALIGNED);
    let mut terms = Shared::<[f32]>::new_aligned_slice(2 * tile * tile, ALIGNED);
    let mut context = Shared::<[f32]>::new_aligned_slice(tile * size, ALIGNED);
    // Of each query: the largest score so far, the sum of the weights relative to it, what both
    // change by now.
    let mut maxima = Shared::<[f32]>::new_slice(tile);
    let mut sums = Shared::<[f32]>::new_slice(tile);
    let mut factors = Shared::<[f32]>::new_slice(tile);
    // Of each distance in the tile: its row of the window; of each row of the window: its row of
    // the table.
    let mut places = Shared::<[u32]>::new_slice(2 * tile);
    let mut rows = Shared::<[u32]>::new_slice(2 * tile);

    load::<E, N>(query, &mut queries, first, count, hidden, column, form);
    let mut at = UNIT_POS as usize;
    while at < tile * size {
        context[at] = 0.0;
        at += CUBE_DIM as usize;
    }
    if (UNIT_POS as usize) < tile {
        maxima[UNIT_POS as usize] = f32::new(NEVER);
        sums[UNIT_POS as usize] = 0.0;
    }

    let mut start = 0usize;
    while start < length {
        let there = min(length - start, tile);
        let window_rows = if comptime!(form.c2p || form.p2c) {
            reached(table, &mut places, &mut rows, position, start, form)
        } else {
            0usize.runtime()
        };
        load::<E, N>(key, &mut keys, tokens + start, there, hidden, column, form);
        sync_cube();
        if comptime!(form.c2p) {
            gather::<E, N>(
                pos_keys,
                &rows,
                &mut window,
                window_rows,
                hidden,
                column,
                form,
            );
            sync_cube();
        }
        product::<E>(&queries, &keys, &mut scores, tile, tile, form);
        if comptime!(form.c2p) {
            product::<E>(
                &queries,
                &window,
                &mut terms,
                window_rows,
                comptime!(2 * tile),
                form,
            );
            sync_cube();
            let mut at = UNIT_POS as usize;
            while at < tile * tile {
                let (i, j) = (at / tile, at % tile);
                scores[at] += terms[i * 2 * tile + places[i + tile - 1 - j] as usize];
                at += CUBE_DIM as usize;
            }
            sync_cube();
        }
        if comptime!(form.p2c) {
            gather::<E, N>(
                pos_queries,
                &rows,
                &mut window,
                window_rows,
                hidden,
                column,
                form,
            );
            sync_cube();
            product::<E>(
                &keys,
                &window,
                &mut terms,
                window_rows,
                comptime!(2 * tile),
                form,
            );
        }
        sync_cube();

        // The keys are done with.
        load::<E, N>(
            value,
            &mut keys,
            tokens + start,
            there,
            hidden,
            column,
            form,
        );
        let mut at = UNIT_POS as usize;
        while at < tile * tile {
            let (i, j) = (at / tile, at % tile);
            let mut score = scores[at];
            if comptime!(form.p2c) {
                score += terms[j * 2 * tile + places[i + tile - 1 - j] as usize];
            }
            scores[at] = if j < there {
                score * inverse_scale
            } else {
                f32::new(NEVER)
            };
            at += CUBE_DIM as usize;
        }
        sync_cube();
        soften::<E>(
            &mut scores,
            &mut weights,
            &mut context,
            &mut maxima,
            &mut sums,
            &mut factors,
            form,
        );
        weigh::<E>(&weights, &keys, &mut context, form);
        sync_cube();
        start += tile;
    }

    let mut at = UNIT_POS as usize;
    while at < tile * size {
        let (i, c) = (at / size, at % size);
        if i < count {
            output[(first + i) * hidden + column + c] = E::cast_from(context[at] / sums[i]);
        }
        at += CUBE_DIM as usize;
    }
}

/// Which rows of the position table the tile of keys from `start` on needs: fills `places` and
/// `rows`, and says how many rows the window has, in whole sixteens.
///
/// Distance d of the tile, from 0 to 2 · tile − 2, is position − start − (tile − 1) + d; beyond the
/// reach of `table` there are only scores that nobody wants.
#[cube]
fn reached(
    table: &[u32],
    places: &mut Shared<[u32]>,
    rows: &mut Shared<[u32]>,
    position: usize,
    start: usize,
    #[comptime] form: Form,
) -> usize {
    let tile = comptime!(form.tile);
    let reach = (table.len() - 1) / 2;
    let lowest = table[min(less(position + reach + 1, start + tile), 2 * reach)];
    let highest = table[min(less(position + reach + tile, start + 1), 2 * reach)];
    // Rows follow each other where all between the ends fit; far from the diagonal that is few.
    // Tables that skip rows get one for every distance.
    let span = (highest - lowest) as usize + 1;
    let consecutive = span < 2 * tile;
    let mut d = UNIT_POS as usize;
    while d < 2 * tile {
        let row = table[min(less(position + reach + 1 + d, start + tile), 2 * reach)];
        if consecutive {
            places[d] = min(row - lowest, comptime!(2 * tile as u32 - 1));
            rows[d] = min(lowest + d as u32, highest);
        } else {
            places[d] = d as u32;
            rows[d] = row;
        }
        d += CUBE_DIM as usize;
    }
    let needed = if consecutive { span } else { 2 * tile };
    needed.div_ceil(16) * 16
}

/// The scores as weights relative to the largest score so far; what was summed before is made
/// relative to it, too.
///
/// Afterwards `context` can take the weighted values; `sums` has the weights already.
#[cube]
fn soften<E: Float>(
    scores: &mut Shared<[f32]>,
    weights: &mut Shared<[E]>,
    context: &mut Shared<[f32]>,
    maxima: &mut Shared<[f32]>,
    sums: &mut Shared<[f32]>,
    factors: &mut Shared<[f32]>,
    #[comptime] form: Form,
) {
    let tile = comptime!(form.tile);
    let size = comptime!(form.size);
    if (UNIT_POS as usize) < tile {
        let i = UNIT_POS as usize;
        let before = maxima[i];
        let mut maximum = before;
        for j in 0..tile {
            maximum = max(maximum, scores[i * tile + j]);
        }
        maxima[i] = maximum;
        factors[i] = (before - maximum).exp();
    }
    sync_cube();
    let mut at = UNIT_POS as usize;
    while at < tile * tile {
        let weight = (scores[at] - maxima[at / tile]).exp();
        scores[at] = weight;
        weights[at] = E::cast_from(weight);
        at += CUBE_DIM as usize;
    }
    let mut at = UNIT_POS as usize;
    while at < tile * size {
        context[at] *= factors[at / size];
        at += CUBE_DIM as usize;
    }
    sync_cube();
    if (UNIT_POS as usize) < tile {
        let i = UNIT_POS as usize;
        let mut sum = sums[i] * factors[i];
        for j in 0..tile {
            sum += scores[i * tile + j];
        }
        sums[i] = sum;
    }
}

/// a − b, or 0 where that is less.
#[cube]
fn less(a: usize, b: usize) -> usize {
    if a > b { a - b } else { 0usize.runtime() }
}

/// `count` rows of one head from `first` on into `[tile, size]`; the others are 0.
#[cube]
fn load<E: Float, N: Size>(
    from: &[Vector<E, N>],
    to: &mut Shared<[E]>,
    first: usize,
    count: usize,
    hidden: usize,
    column: usize,
    #[comptime] form: Form,
) {
    let lanes = comptime!(form.lanes);
    let parts = comptime!(form.size / form.lanes);
    let mut at = UNIT_POS as usize;
    while at < comptime!(form.tile * form.size / form.lanes) {
        let (row, part) = (at / parts, at % parts);
        let begin = row * comptime!(form.stride) + part * lanes;
        let mut x = Vector::<E, N>::new(E::new(0.0));
        if row < count {
            x = from[((first + row) * hidden + column) / lanes + part];
        }
        #[unroll]
        for lane in 0..lanes {
            to[begin + lane] = x.extract(lane);
        }
        at += CUBE_DIM as usize;
    }
}

/// The rows of one head that the first `count` of `rows` name into `[2 · tile, size]`.
#[cube]
fn gather<E: Float, N: Size>(
    from: &[Vector<E, N>],
    rows: &Shared<[u32]>,
    to: &mut Shared<[E]>,
    count: usize,
    hidden: usize,
    column: usize,
    #[comptime] form: Form,
) {
    let lanes = comptime!(form.lanes);
    let parts = comptime!(form.size / form.lanes);
    let mut at = UNIT_POS as usize;
    while at < count * parts {
        let (row, part) = (at / parts, at % parts);
        let begin = row * comptime!(form.stride) + part * lanes;
        let x = from[(rows[row] as usize * hidden + column) / lanes + part];
        #[unroll]
        for lane in 0..lanes {
            to[begin + lane] = x.extract(lane);
        }
        at += CUBE_DIM as usize;
    }
}

/// `a`: `[tile, size]`; `b`: `[columns, size]`; `to`: `[tile, width]`, whose first columns become a
/// · bᵀ.
#[cube]
fn product<E: Float>(
    a: &Shared<[E]>,
    b: &Shared<[E]>,
    to: &mut Shared<[f32]>,
    columns: usize,
    #[comptime] width: usize,
    #[comptime] form: Form,
) {
    let stride = comptime!(form.stride);
    if comptime!(form.matrix) {
        let across = columns / 16;
        let mut part = UNIT_POS_Y as usize;
        while part < comptime!(form.tile / 16) * across {
            let (i, j) = (part / across * 16, part % across * 16);
            let sum = cmma::Matrix::<f32>::from_value(
                cmma::MatrixIdent::Accumulator,
                16usize,
                16usize,
                16usize,
                cmma::MatrixLayout::Undefined,
                0.0,
            );
            #[unroll]
            for k in 0..comptime!(form.size / 16) {
                let left = factor::<E>(
                    a,
                    i * stride + k * 16,
                    stride,
                    cmma::MatrixIdent::A,
                    cmma::MatrixLayout::RowMajor,
                );
                let right = factor::<E>(
                    b,
                    j * stride + k * 16,
                    stride,
                    cmma::MatrixIdent::B,
                    cmma::MatrixLayout::ColMajor,
                );
                cmma::execute(&left, &right, &sum, &sum);
            }
            let end = to.len();
            cmma::store(
                &mut to[i * width + j..end],
                &sum,
                comptime!(width as u32),
                cmma::MatrixLayout::RowMajor,
            );
            part += CUBE_DIM_Y as usize;
        }
    } else {
        let mut at = UNIT_POS as usize;
        while at < comptime!(form.tile) * columns {
            let (i, j) = (at / columns, at % columns);
            let mut sum = f32::new(0.0);
            for k in 0..comptime!(form.size) {
                sum += f32::cast_from(a[i * stride + k]) * f32::cast_from(b[j * stride + k]);
            }
            to[i * width + j] = sum;
            at += CUBE_DIM as usize;
        }
    }
}

/// Adds `weights` `[tile, tile]` · `values` `[tile, size]` to `context` `[tile, size]`.
#[cube]
fn weigh<E: Float>(
    weights: &Shared<[E]>,
    values: &Shared<[E]>,
    context: &mut Shared<[f32]>,
    #[comptime] form: Form,
) {
    let tile = comptime!(form.tile);
    let size = comptime!(form.size);
    let stride = comptime!(form.stride);
    if comptime!(form.matrix) {
        let across = comptime!(size / 16);
        let mut part = UNIT_POS_Y as usize;
        while part < comptime!(form.tile / 16) * across {
            let (i, j) = (part / across * 16, part % across * 16);
            let mut sum = cmma::Matrix::<f32>::from_value(
                cmma::MatrixIdent::Accumulator,
                16usize,
                16usize,
                16usize,
                cmma::MatrixLayout::Undefined,
                0.0,
            );
            let end = context.len();
            cmma::load_with_layout(
                &mut sum,
                &context[i * size + j..end],
                comptime!(size as u32),
                cmma::MatrixLayout::RowMajor,
            );
            #[unroll]
            for k in 0..comptime!(form.tile / 16) {
                let left = factor::<E>(
                    weights,
                    i * tile + k * 16,
                    tile,
                    cmma::MatrixIdent::A,
                    cmma::MatrixLayout::RowMajor,
                );
                let right = factor::<E>(
                    values,
                    k * 16 * stride + j,
                    stride,
                    cmma::MatrixIdent::B,
                    cmma::MatrixLayout::RowMajor,
                );
                cmma::execute(&left, &right, &sum, &sum);
            }
            cmma::store(
                &mut context[i * size + j..end],
                &sum,
                comptime!(size as u32),
                cmma::MatrixLayout::RowMajor,
            );
            part += CUBE_DIM_Y as usize;
        }
    } else {
        let mut at = UNIT_POS as usize;
        while at < comptime!(form.tile * form.size) {
            let (i, c) = (at / size, at % size);
            let mut sum = context[at];
            for j in 0..tile {
                sum +=
                    f32::cast_from(weights[i * tile + j]) * f32::cast_from(values[j * stride + c]);
            }
            context[at] = sum;
            at += CUBE_DIM as usize;
        }
    }
}

/// 16 × 16 elements from `at` on, as matrix instructions take them; `stride`: from one row, or
/// column, to the next.
#[cube]
fn factor<E: Float>(
    from: &Shared<[E]>,
    at: usize,
    #[comptime] stride: usize,
    #[comptime] ident: cmma::MatrixIdent,
    #[comptime] layout: cmma::MatrixLayout,
) -> cmma::Matrix<E> {
    cmma::Matrix::<E>::from_slice(
        ident,
        16usize,
        16usize,
        16usize,
        layout,
        &from[at..from.len()],
        comptime!(stride as u32),
    )
}
