//! What a cube computes where the device has matrix instructions whose registers are known: scores
//! and context of a plane's sixteen queries never leave its registers, and only the position terms,
//! which are found by distance, go through the shared memory.
#![expect(clippy::cast_possible_truncation, reason = "indices of a tile")]
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use cubecl::ir::{DeviceProperties, ElemType};
use cubecl::prelude::*;

use crate::kernels::gpu::attention::memory::row_of_table;
use crate::kernels::gpu::attention::query_tiles::FIELDS;
use crate::kernels::gpu::fragments::{
    LANES, PADDING, PLANE_QUERIES, Pair, ROW_ALIGNMENT, TILE, UNITS, accumulate,
    available_for_heads, lefts, load, own_queries, products, set, start_softmax, store,
};
use crate::kernels::gpu::tiles::MASKED;
use crate::kernels::relative_positions::PositionTerms;

/// Distances between queries and keys of two tiles: one less than this. A unit for each.
const DISTANCES: usize = 2 * TILE;
const _: () = assert!(DISTANCES == UNITS);
/// Rows of a window of the position table. Sixteen are multiplied at a time, from any one on.
const WINDOW: usize = DISTANCES + 16;
/// Elements from the terms of one query, or key, to those of the next: a window has as many rows as
/// there are distances at most.
const TERMS: usize = DISTANCES + PADDING;

/// The constants for which the kernel is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FragmentConfig {
    /// Dimensions of a head.
    size: usize,
    /// Whether scores have the content-to-position term.
    c2p: bool,
    /// Whether scores have the position-to-content term.
    p2c: bool,
}

impl FragmentConfig {
    /// `None` where the device or the size of the heads does not suit.
    pub(super) fn new(
        properties: &DeviceProperties,
        dtype: ElemType,
        size: usize,
        terms: PositionTerms,
    ) -> Option<Self> {
        let elements = 2 * (TILE + WINDOW) * (size + PADDING) + 2 * TILE * TERMS;
        let shared = dtype.size() * elements + 4 * DISTANCES;
        available_for_heads(properties, dtype, size, shared).then_some(Self {
            size,
            c2p: terms.c2p(),
            p2c: terms.p2c(),
        })
    }
}

/// As `attend` in `kernel.rs`: `query`: `[queries, hidden]`; `key`, `value`: `[tokens, hidden]`;
/// `pos_keys`, `pos_queries`: `[2 · span, hidden]`; `tiles`: `[tiles, FIELDS]`; `table`:
/// `[2 · reach + 1]` → `output`: `[queries, hidden]`.
#[cube(launch_unchecked)]
#[expect(
    clippy::too_many_arguments,
    reason = "a kernel takes buffers one by one"
)]
pub(super) fn attend_in_fragments<E: Float, N: Size>(
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
    #[comptime] config: FragmentConfig,
    #[define(E)] _dtype: ElemType,
) {
    let size = comptime!(config.size);
    let stride = comptime!(config.size + PADDING);
    let fields = CUBE_POS_X as usize * FIELDS;
    let tokens = tiles[fields] as usize;
    let length = tiles[fields + 1] as usize;
    let first = tiles[fields + 2] as usize;
    let position = tiles[fields + 3] as usize;
    let count = tiles[fields + 4] as usize;
    let column = CUBE_POS_Y as usize * size;
    let own = own_queries();

    let mut keys = Shared::<[E]>::new_aligned_slice(TILE * stride, ROW_ALIGNMENT);
    let mut values = Shared::<[E]>::new_aligned_slice(TILE * stride, ROW_ALIGNMENT);
    let mut key_window = Shared::<[E]>::new_aligned_slice(WINDOW * stride, ROW_ALIGNMENT);
    let mut query_window = Shared::<[E]>::new_aligned_slice(WINDOW * stride, ROW_ALIGNMENT);
    let mut query_terms = Shared::<[E]>::new_aligned_slice(comptime!(TILE * TERMS), ROW_ALIGNMENT);
    let mut key_terms = Shared::<[E]>::new_aligned_slice(comptime!(TILE * TERMS), ROW_ALIGNMENT);
    let mut places = Shared::<[u32]>::new_slice(DISTANCES);

    load::<E, N>(query, &mut keys, first, count, hidden, column, size);
    sync_cube();
    let queries = lefts::<E>(&keys, own, size);
    sync_cube();

    let mut running = start_softmax(size);
    let mut start = 0usize;
    while start < length {
        let there = min(length - start, TILE);
        let token = tokens + start;
        load::<E, N>(key, &mut keys, token, there, hidden, column, size);
        load::<E, N>(value, &mut values, token, there, hidden, column, size);
        let rows = if comptime!(config.c2p || config.p2c) {
            load_windows::<E, N>(
                pos_keys,
                pos_queries,
                table,
                &mut places,
                &mut key_window,
                &mut query_window,
                position,
                start,
                hidden,
                column,
                config,
            )
        } else {
            0usize.runtime()
        };
        sync_cube();

        let mut scores = products::<E>(&queries, &keys, 0usize, comptime!(TILE / 16), size);
        let mut own_window = 0usize.runtime();
        if comptime!(config.c2p) {
            own_window = places[own] as usize;
            let end = places[own + comptime!(PLANE_QUERIES + TILE - 2)] as usize + 1;
            let mut row = own_window;
            while row < end {
                let at = own * TERMS + row - own_window;
                let sums = products::<E>(&queries, &key_window, row, 1usize, size);
                put_terms(&sums, &mut query_terms, at, inverse_scale);
                row += 16;
            }
        }
        if comptime!(config.p2c) {
            let own_keys = lefts::<E>(&keys, own, size);
            let mut row = 0usize;
            while row < rows {
                let at = own * TERMS + row;
                let sums = products::<E>(&own_keys, &query_window, row, 1usize, size);
                put_terms(&sums, &mut key_terms, at, inverse_scale);
                row += 16;
            }
        }
        if comptime!(config.c2p || config.p2c) {
            sync_cube();
        }

        finish_scores::<E>(
            &mut scores,
            &query_terms,
            &key_terms,
            &places,
            own_window,
            there,
            inverse_scale,
            config,
        );
        accumulate::<E>(&mut running, &mut scores, &values, size);
        sync_cube();
        start += TILE;
    }
    store::<E>(&running, output, first, count, hidden, column, size);
}

/// Writes two matrices of sums side by side, scaled, from `at` on, in the type of the tensors: as
/// the reference's terms are. Scaled sums fit in it where the scores do.
#[cube]
fn put_terms<E: Float>(
    sums: &Sequence<Array<Vector<f32, Pair>>>,
    to: &mut Shared<[E]>,
    at: usize,
    inverse_scale: f32,
) {
    let unit = UNIT_POS_PLANE as usize;
    let to = to.as_vectorized_mut().with_vector_size_mut::<Pair>();
    let scale = Vector::<f32, Pair>::new(inverse_scale);
    #[unroll]
    for second in 0..2usize {
        #[unroll]
        for half in 0..2usize {
            let begin = at + (unit / 4 + half * 8) * TERMS + second * 8 + unit % 4 * 2;
            to[begin / 2] = Vector::cast_from(sums[second][half] * scale);
        }
    }
}

/// Scales the scores, adds the position terms, and masks all keys but the first `there`.
/// `query_terms`: queries by rows of their plane's window, which begins at `own_window`;
/// `key_terms`: keys by rows of the window; `places`: the row of the window by distance.
#[cube]
#[expect(
    clippy::too_many_arguments,
    reason = "the numbers of a tile, one by one"
)]
fn finish_scores<E: Float>(
    scores: &mut Sequence<Array<Vector<f32, Pair>>>,
    query_terms: &Shared<[E]>,
    key_terms: &Shared<[E]>,
    places: &Shared<[u32]>,
    own_window: usize,
    there: usize,
    inverse_scale: f32,
    #[comptime] config: FragmentConfig,
) {
    let unit = UNIT_POS_PLANE as usize;
    #[unroll]
    for n in 0..comptime!(TILE / 8) {
        #[unroll]
        for half in 0..2usize {
            let query = own_queries() + unit / 4 + half * 8;
            let mut pair = scores[n][half];
            #[unroll]
            for second in 0..2usize {
                let key = n * 8 + unit % 4 * 2 + second;
                let mut score = pair.extract(second) * inverse_scale;
                if comptime!(config.c2p || config.p2c) {
                    let row = places[query + TILE - 1 - key] as usize;
                    if comptime!(config.c2p) {
                        let at = query * TERMS + row - own_window;
                        score += f32::cast_from(query_terms[at]);
                    }
                    if comptime!(config.p2c) {
                        score += f32::cast_from(key_terms[key * TERMS + row]);
                    }
                }
                if key >= there {
                    score = f32::new(MASKED);
                }
                pair.insert(second, score);
            }
            set(&mut scores[n], half, pair);
        }
    }
}

/// Loads the rows of the position table that the tile of keys from `start` on needs, and fills
/// `places`, the row of the window by distance → the number of rows, a multiple of 16.
///
/// Distance d of the tile is position − start − (TILE − 1) + d. Where all rows between the ends fit
/// into the window, it has them in order; far from the diagonal these are few. Otherwise it has a
/// row for every distance. Distances beyond the reach of `table` belong to scores that are not
/// used.
#[cube]
#[expect(
    clippy::too_many_arguments,
    reason = "the numbers of a tile, one by one"
)]
fn load_windows<E: Float, N: Size>(
    pos_keys: &[Vector<E, N>],
    pos_queries: &[Vector<E, N>],
    table: &[u32],
    places: &mut Shared<[u32]>,
    key_window: &mut Shared<[E]>,
    query_window: &mut Shared<[E]>,
    position: usize,
    start: usize,
    hidden: usize,
    column: usize,
    #[comptime] config: FragmentConfig,
) -> usize {
    let lowest = row_of_table(table, position, start, 0usize.runtime(), TILE);
    let highest = row_of_table(
        table,
        position,
        start,
        comptime!(DISTANCES - 2).runtime(),
        TILE,
    );
    let span = highest - lowest + 1;
    let in_order = span < DISTANCES;
    let distance = UNIT_POS as usize;
    let row = row_of_table(table, position, start, distance, TILE);
    let place = if in_order {
        min(row - lowest, DISTANCES - 1)
    } else {
        distance
    };
    places[distance] = place as u32;
    let count = if in_order {
        span.div_ceil(16) * 16
    } else {
        DISTANCES.runtime()
    };

    let parts = comptime!(config.size / LANES);
    let stride = comptime!((config.size + PADDING) / LANES);
    let keys_to = key_window.as_vectorized_mut().with_vector_size_mut::<N>();
    let queries_to = query_window.as_vectorized_mut().with_vector_size_mut::<N>();
    let mut at = UNIT_POS as usize;
    while at < count * parts {
        let (line, part) = (at / parts, at % parts);
        let row = if in_order {
            min(lowest + line, highest)
        } else {
            row_of_table(table, position, start, line, TILE)
        };
        let from = row * (hidden / LANES) + column / LANES + part;
        if comptime!(config.c2p) {
            keys_to[line * stride + part] = pos_keys[from];
        }
        if comptime!(config.p2c) {
            queries_to[line * stride + part] = pos_queries[from];
        }
        at += UNITS;
    }
    count
}
