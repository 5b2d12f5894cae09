//! What a cube computes: a tile of queries of one head against the keys that they see.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]
#![allow(
    clippy::too_many_lines,
    reason = "the steps of one kernel, in their order"
)]

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::kernels::gpu::causal_attention::kernel_config::KernelConfig;
use crate::kernels::gpu::causal_attention::query_tiles::FIELDS;
use crate::kernels::gpu::tiles::{
    ALIGNED, MASKED, Tiling, clear, load, product, put, soften, store, weigh,
};

/// `query`: `[queries, width]`; `key`, `value`: `[tokens, key_width]`; `tiles`: `[tiles, FIELDS]` →
/// `output`: `[queries, width]`. `group`: query heads that read the same keys; `window`: keys that
/// a query sees at most; `cap`: read where the configuration says that scores are capped.
///
/// Tiles of keys begin at multiples of their size, so that a query's result does not depend on
/// those beside it: a tile of which it sees nothing adds weights that the next one multiplies by 0.
#[cube(launch)]
#[expect(
    clippy::too_many_arguments,
    reason = "a kernel takes buffers one by one"
)]
pub(super) fn attend<E: Float, N: Size>(
    query: &[Vector<E, N>],
    key: &[Vector<E, N>],
    value: &[Vector<E, N>],
    tiles: &[u32],
    output: &mut [E],
    width: usize,
    key_width: usize,
    group: usize,
    window: usize,
    scale: f32,
    cap: f32,
    #[comptime] config: KernelConfig,
    #[define(E)] _dtype: ElemType,
) {
    let tiling = comptime!(config.tiling);
    let tile = comptime!(config.tiling.tile);
    let size = comptime!(config.tiling.size);
    let stride = comptime!(config.tiling.stride);
    let fields = CUBE_POS_X as usize * FIELDS;
    let prefix = tiles[fields] as usize;
    let shared = tiles[fields + 1] as usize;
    let tokens = tiles[fields + 2] as usize;
    let first = tiles[fields + 3] as usize;
    let place = tiles[fields + 4] as usize;
    let count = tiles[fields + 5] as usize;
    let column = CUBE_POS_Y as usize * size;
    let key_column = CUBE_POS_Y as usize / group * size;

    let mut queries = Shared::<[E]>::new_aligned_slice(tile * stride, ALIGNED);
    let mut keys = Shared::<[E]>::new_aligned_slice(tile * stride, ALIGNED);
    let mut weights = Shared::<[E]>::new_aligned_slice(tile * tile, ALIGNED);
    let mut scores = Shared::<[f32]>::new_aligned_slice(tile * tile, ALIGNED);
    let mut context = Shared::<[f32]>::new_aligned_slice(tile * size, ALIGNED);
    // For each query: the largest score so far, the sum of the weights relative to it, and the
    // factor by which the new largest score changes earlier sums.
    let mut maxima = Shared::<[f32]>::new_slice(tile);
    let mut sums = Shared::<[f32]>::new_slice(tile);
    let mut factors = Shared::<[f32]>::new_slice(tile);

    load::<E, N>(query, &mut queries, first, count, width, column, tiling);
    clear(&mut context, &mut maxima, &mut sums, tiling);

    let end = place + count;
    let first_seen = if place + 1 > window {
        place + 1 - window
    } else {
        0usize.runtime()
    };
    let mut start = first_seen / tile * tile;
    while start < end {
        let there = min(end - start, tile);
        load_seen::<E, N>(
            key, &mut keys, start, there, prefix, shared, tokens, key_width, key_column, tiling,
        );
        sync_cube();
        product::<E>(&queries, &keys, &mut scores, tile, tile, tiling);
        sync_cube();

        // The keys are no longer needed: their memory takes the values.
        load_seen::<E, N>(
            value, &mut keys, start, there, prefix, shared, tokens, key_width, key_column, tiling,
        );
        finish_scores(&mut scores, start, place, window, scale, cap, config);
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

    store::<E>(&context, &sums, output, first, count, width, column, tiling);
}

/// Loads `there` rows of one head of `from` `[tokens, width]` into `to` `[tile, size]`, from place
/// `start` on among prefix and piece; its other rows become 0. `column`: the head's first element.
#[cube]
#[expect(
    clippy::too_many_arguments,
    reason = "the numbers of a tile, one by one"
)]
fn load_seen<E: Float, N: Size>(
    from: &[Vector<E, N>],
    to: &mut Shared<[E]>,
    start: usize,
    there: usize,
    prefix: usize,
    shared: usize,
    tokens: usize,
    width: usize,
    column: usize,
    #[comptime] tiling: Tiling,
) {
    let lanes = comptime!(tiling.lanes);
    let parts = comptime!(tiling.size / tiling.lanes);
    let mut at = UNIT_POS as usize;
    while at < comptime!(tiling.tile * tiling.size / tiling.lanes) {
        let (row, part) = (at / parts, at % parts);
        let mut x = Vector::<E, N>::new(E::new(0.0));
        if row < there {
            let place = start + row;
            let token = if place < shared {
                prefix + place
            } else {
                tokens + place - shared
            };
            x = from[(token * width + column) / lanes + part];
        }
        put::<E, N>(to, row, part, x, tiling);
        at += CUBE_DIM as usize;
    }
}

/// Scales and caps `scores` `[tile, tile]`, queries from `place` on by keys from `start` on, and
/// masks keys that a query does not see.
#[cube]
fn finish_scores(
    scores: &mut Shared<[f32]>,
    start: usize,
    place: usize,
    window: usize,
    scale: f32,
    cap: f32,
    #[comptime] config: KernelConfig,
) {
    let tile = comptime!(config.tiling.tile);
    let mut at = UNIT_POS as usize;
    while at < tile * tile {
        let (query, key) = (place + at / tile, start + at % tile);
        let mut score = scores[at] * scale;
        if comptime!(config.caps) {
            score = (score / cap).tanh() * cap;
        }
        scores[at] = if key <= query && query < key + window {
            score
        } else {
            f32::new(MASKED)
        };
        at += CUBE_DIM as usize;
    }
}
