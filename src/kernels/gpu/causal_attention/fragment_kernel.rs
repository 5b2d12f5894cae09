//! What a cube computes where the device has matrix instructions whose registers are known: scores
//! and context of a plane's sixteen queries never leave its registers.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use cubecl::ir::{DeviceProperties, ElemType};
use cubecl::prelude::*;

use crate::kernels::gpu::causal_attention::query_tiles::FIELDS;
use crate::kernels::gpu::fragments::{
    LANES, PADDING, Pair, ROW_ALIGNMENT, TILE, accumulate, available_for_heads, lefts, load,
    load_position, loads_of_unit, own_queries, products, put_row, set, start_softmax, store,
};
use crate::kernels::gpu::tiles::MASKED;

/// The constants for which the kernel is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FragmentConfig {
    /// Dimensions of a head.
    size: usize,
    /// Whether scores are capped.
    caps: bool,
}

impl FragmentConfig {
    /// `None` where the device or the size of the heads does not suit.
    pub(super) fn new(
        properties: &DeviceProperties,
        dtype: ElemType,
        size: usize,
        caps: bool,
    ) -> Option<Self> {
        let shared = dtype.size() * 2 * TILE * (size + PADDING);
        available_for_heads(properties, dtype, size, shared).then_some(Self { size, caps })
    }
}

/// As `attend` in `kernel.rs`: `query`: `[queries, width]`; `key`, `value`: `[tokens, key_width]`;
/// `tiles`: `[tiles, FIELDS]` → `output`: `[queries, width]`. `group`: query heads that read the
/// same keys; `window`: keys that a query sees at most; `cap`: read where scores are capped.
#[cube(launch_unchecked)]
#[expect(
    clippy::too_many_arguments,
    reason = "a kernel takes buffers one by one"
)]
pub(super) fn attend_in_fragments<E: Float, N: Size>(
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
    #[comptime] config: FragmentConfig,
    #[define(E)] _dtype: ElemType,
) {
    let size = comptime!(config.size);
    let stride = comptime!(config.size + PADDING);
    let fields = CUBE_POS_X as usize * FIELDS;
    let prefix = tiles[fields] as usize;
    let shared = tiles[fields + 1] as usize;
    let tokens = tiles[fields + 2] as usize;
    let first = tiles[fields + 3] as usize;
    let begins = tiles[fields + 4] as usize;
    let count = tiles[fields + 5] as usize;
    let column = CUBE_POS_Y as usize * size;
    let key_column = CUBE_POS_Y as usize / group * size;
    let own = own_queries();

    let mut keys = Shared::<[E]>::new_aligned_slice(TILE * stride, ROW_ALIGNMENT);
    let mut values = Shared::<[E]>::new_aligned_slice(TILE * stride, ROW_ALIGNMENT);

    load::<E, N>(query, &mut keys, first, count, width, column, size);
    sync_cube();
    let queries = lefts::<E>(&keys, own, size);
    sync_cube();

    let mut running = start_softmax(size);
    let end = begins + count;
    let first_seen = if begins + 1 > window {
        begins + 1 - window
    } else {
        0usize.runtime()
    };
    let mut start = first_seen / TILE * TILE;
    while start < end {
        let there = min(end - start, TILE);
        load_seen::<E, N>(
            key, &mut keys, start, there, prefix, shared, tokens, key_width, key_column, size,
        );
        load_seen::<E, N>(
            value,
            &mut values,
            start,
            there,
            prefix,
            shared,
            tokens,
            key_width,
            key_column,
            size,
        );
        sync_cube();
        let mut scores = products::<E>(&queries, &keys, 0usize, comptime!(TILE / 16), size);
        finish_scores(&mut scores, start, begins + own, window, scale, cap, config);
        accumulate::<E>(&mut running, &mut scores, &values, size);
        sync_cube();
        start += TILE;
    }
    store::<E>(&running, output, first, count, width, column, size);
}

/// Loads `there` rows of one head of `from` `[tokens, width]` into `to` `[TILE, size]`, from place
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
    #[comptime] size: usize,
) {
    #[unroll]
    for i in 0..comptime!(loads_of_unit(size)) {
        let (row, part) = load_position(i, size);
        let mut x = Vector::<E, N>::new(E::new(0.0));
        if row < there {
            let seen = start + row;
            let token = if seen < shared {
                prefix + seen
            } else {
                tokens + seen - shared
            };
            x = from[token * (width / LANES) + column / LANES + part];
        }
        put_row::<E, N>(to, row, part, x, size);
    }
}

/// Scales and caps the scores of a plane's queries, from place `first` on, by keys from `start` on,
/// and masks keys that a query does not see.
#[cube]
fn finish_scores(
    scores: &mut Sequence<Array<Vector<f32, Pair>>>,
    start: usize,
    first: usize,
    window: usize,
    scale: f32,
    cap: f32,
    #[comptime] config: FragmentConfig,
) {
    let unit = UNIT_POS_PLANE as usize;
    #[unroll]
    for n in 0..comptime!(TILE / 8) {
        #[unroll]
        for half in 0..2usize {
            let mut pair = scores[n][half];
            #[unroll]
            for second in 0..2usize {
                let query = first + unit / 4 + half * 8;
                let key = start + n * 8 + unit % 4 * 2 + second;
                let mut score = pair.extract(second) * scale;
                if comptime!(config.caps) {
                    score = (score / cap).tanh() * cap;
                }
                if key > query || query >= key + window {
                    score = f32::new(MASKED);
                }
                pair.insert(second, score);
            }
            set(&mut scores[n], half, pair);
        }
    }
}
