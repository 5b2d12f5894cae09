//! What a cube computes: a tile of queries of one head against all keys of their row.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]
#![allow(
    clippy::too_many_lines,
    reason = "the steps of one kernel, in their order"
)]

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::kernels::gpu::attention::kernel_config::KernelConfig;
use crate::kernels::gpu::attention::memory::{gather, reached};
use crate::kernels::gpu::attention::query_tiles::FIELDS;
use crate::kernels::gpu::tiles::{ALIGNED, MASKED, clear, load, product, soften, store, weigh};

/// `query`: `[queries, hidden]`; `key`, `value`: `[tokens, hidden]`; `pos_keys`, `pos_queries`:
/// `[2 · span, hidden]`; `tiles`: `[tiles, FIELDS]`; `table`: `[2 · reach + 1]`, the row of the
/// position table by query position − key position, from −reach on → `output`: `[queries, hidden]`.
#[cube(launch)]
#[expect(
    clippy::too_many_arguments,
    reason = "a kernel takes buffers one by one"
)]
pub(super) fn attend<E: Float, N: Size>(
    query: &[Vector<E, N>],
    key: &[Vector<E, N>],
    value: &[Vector<E, N>],
    pos_keys: &[Vector<E, N>],
    pos_queries: &[Vector<E, N>],
    tiles: &[u32],
    table: &[u32],
    output: &mut [E],
    hidden: usize,
    inverse_scale: f32,
    #[comptime] config: KernelConfig,
    #[define(E)] _dtype: ElemType,
) {
    let tiling = comptime!(config.tiling);
    let tile = comptime!(config.tiling.tile);
    let size = comptime!(config.tiling.size);
    let stride = comptime!(config.tiling.stride);
    let fields = CUBE_POS_X as usize * FIELDS;
    let tokens = tiles[fields] as usize;
    let length = tiles[fields + 1] as usize;
    let first = tiles[fields + 2] as usize;
    let position = tiles[fields + 3] as usize;
    let count = tiles[fields + 4] as usize;
    let column = CUBE_POS_Y as usize * size;

    let mut queries = Shared::<[E]>::new_aligned_slice(tile * stride, ALIGNED);
    let mut keys = Shared::<[E]>::new_aligned_slice(tile * stride, ALIGNED);
    let mut window = Shared::<[E]>::new_aligned_slice(2 * tile * stride, ALIGNED);
    let mut weights = Shared::<[E]>::new_aligned_slice(tile * tile, ALIGNED);
    let mut scores = Shared::<[f32]>::new_aligned_slice(tile * tile, ALIGNED);
    let terms_stride = comptime!(config.terms_stride());
    let mut terms = Shared::<[f32]>::new_aligned_slice(tile * terms_stride, ALIGNED);
    let mut context = Shared::<[f32]>::new_aligned_slice(tile * size, ALIGNED);
    // For each query: the largest score so far, the sum of the weights relative to it, and the
    // factor by which the new largest score changes earlier sums.
    let mut maxima = Shared::<[f32]>::new_slice(tile);
    let mut sums = Shared::<[f32]>::new_slice(tile);
    let mut factors = Shared::<[f32]>::new_slice(tile);
    // For each distance in the tile its row of the window; for each row of the window its row of
    // the table.
    let mut places = Shared::<[u32]>::new_slice(2 * tile);
    let mut rows = Shared::<[u32]>::new_slice(2 * tile);

    load::<E, N>(query, &mut queries, first, count, hidden, column, tiling);
    clear(&mut context, &mut maxima, &mut sums, tiling);

    let mut start = 0usize;
    while start < length {
        let there = min(length - start, tile);
        let window_rows = if comptime!(config.c2p || config.p2c) {
            reached(table, &mut places, &mut rows, position, start, tiling)
        } else {
            0usize.runtime()
        };
        load::<E, N>(
            key,
            &mut keys,
            tokens + start,
            there,
            hidden,
            column,
            tiling,
        );
        sync_cube();
        if comptime!(config.c2p) {
            gather::<E, N>(
                pos_keys,
                &rows,
                &mut window,
                window_rows,
                hidden,
                column,
                tiling,
            );
            sync_cube();
        }
        product::<E>(&queries, &keys, &mut scores, tile, tile, tiling);
        if comptime!(config.c2p) {
            product::<E>(
                &queries,
                &window,
                &mut terms,
                window_rows,
                terms_stride,
                tiling,
            );
            sync_cube();
            add_query_terms(&mut scores, &terms, &places, config);
            sync_cube();
        }
        if comptime!(config.p2c) {
            gather::<E, N>(
                pos_queries,
                &rows,
                &mut window,
                window_rows,
                hidden,
                column,
                tiling,
            );
            sync_cube();
            product::<E>(
                &keys,
                &window,
                &mut terms,
                window_rows,
                terms_stride,
                tiling,
            );
        }
        sync_cube();

        // The keys are no longer needed: their memory takes the values.
        load::<E, N>(
            value,
            &mut keys,
            tokens + start,
            there,
            hidden,
            column,
            tiling,
        );
        finish_scores(&mut scores, &terms, &places, there, inverse_scale, config);
        sync_cube();
        soften::<E>(
            &mut scores,
            &mut weights,
            &mut context,
            &mut maxima,
            &mut sums,
            &mut factors,
            tiling,
        );
        weigh::<E>(&weights, &keys, &mut context, tiling);
        sync_cube();
        start += tile;
    }

    store::<E>(
        &context, &sums, output, first, count, hidden, column, tiling,
    );
}

/// Adds the content-to-position terms to `scores` `[tile, tile]`. `terms`: `[tile, 2 · tile]`,
/// queries by rows of the window; `places`: `[2 · tile]`.
#[cube]
fn add_query_terms(
    scores: &mut Shared<[f32]>,
    terms: &Shared<[f32]>,
    places: &Shared<[u32]>,
    #[comptime] config: KernelConfig,
) {
    let tile = comptime!(config.tiling.tile);
    let mut at = UNIT_POS as usize;
    while at < tile * tile {
        let (i, j) = (at / tile, at % tile);
        scores[at] +=
            terms[i * comptime!(config.terms_stride()) + places[i + tile - 1 - j] as usize];
        at += CUBE_DIM as usize;
    }
}

/// Adds the position-to-content terms, if there are any, to `scores` `[tile, tile]`, scales them,
/// and masks all keys but the first `there`. `terms`: `[tile, 2 · tile]`, keys by rows of the
/// window; `places`: `[2 · tile]`.
#[cube]
fn finish_scores(
    scores: &mut Shared<[f32]>,
    terms: &Shared<[f32]>,
    places: &Shared<[u32]>,
    there: usize,
    inverse_scale: f32,
    #[comptime] config: KernelConfig,
) {
    let tile = comptime!(config.tiling.tile);
    let mut at = UNIT_POS as usize;
    while at < tile * tile {
        let (i, j) = (at / tile, at % tile);
        let mut score = scores[at];
        if comptime!(config.p2c) {
            score +=
                terms[j * comptime!(config.terms_stride()) + places[i + tile - 1 - j] as usize];
        }
        scores[at] = if j < there {
            score * inverse_scale
        } else {
            f32::new(MASKED)
        };
        at += CUBE_DIM as usize;
    }
}
