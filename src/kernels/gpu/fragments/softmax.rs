//! The softmax of scores that the units of a plane hold, computed from one tile of keys to the next
//! (FlashAttention-2, arXiv:2307.08691, Algorithm 1): a plane has sixteen queries for
//! itself.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use cubecl::prelude::*;

use crate::kernels::gpu::fragments::operands::{
    PADDING, Pair, multiply, right_pair_by_rows, set, zeros,
};
use crate::kernels::gpu::fragments::scores::{TILE, own_queries};
use crate::kernels::gpu::tiles::MASKED;

/// Of a unit's two rows, u / 4 and the one eight below.
#[derive(CubeType)]
pub(in crate::kernels::gpu) struct Running {
    /// The largest score so far.
    maxima: Array<f32>,
    /// The sums of this unit's weights, relative to it.
    sums: Array<f32>,
    /// The weighted values, relative to it: a matrix of sums for every eight dimensions.
    context: Sequence<Array<Vector<f32, Pair>>>,
}

#[cube]
pub(in crate::kernels::gpu) fn start_softmax(#[comptime] size: usize) -> Running {
    let mut maxima = Array::<f32>::new(2usize);
    let mut sums = Array::<f32>::new(2usize);
    #[unroll]
    for half in 0..2usize {
        maxima[half] = f32::new(MASKED);
        sums[half] = 0.0;
    }
    Running {
        maxima,
        sums,
        context: zeros(comptime!(size / 8)),
    }
}

/// Takes a tile of keys in. `scores`: a matrix for every eight keys; `values`: `[TILE, size]`.
#[cube]
pub(in crate::kernels::gpu) fn accumulate<E: Float>(
    running: &mut Running,
    scores: &mut Sequence<Array<Vector<f32, Pair>>>,
    values: &Shared<[E]>,
    #[comptime] size: usize,
) {
    #[unroll]
    for half in 0..2usize {
        let mut largest = running.maxima[half];
        #[unroll]
        for n in 0..comptime!(TILE / 8) {
            let pair = scores[n][half];
            largest = max(largest, max(pair.extract(0usize), pair.extract(1usize)));
        }
        // The four units of a row.
        largest = max(largest, plane_shuffle_xor(largest, 1u32));
        largest = max(largest, plane_shuffle_xor(largest, 2u32));
        let factor = (running.maxima[half] - largest).exp();
        running.maxima[half] = largest;
        let mut sum = running.sums[half] * factor;
        let most = Vector::<f32, Pair>::new(largest);
        #[unroll]
        for n in 0..comptime!(TILE / 8) {
            let weights = (scores[n][half] - most).exp();
            set(&mut scores[n], half, weights);
            sum += weights.extract(0usize) + weights.extract(1usize);
        }
        running.sums[half] = sum;
        let factors = Vector::<f32, Pair>::new(factor);
        #[unroll]
        for n in 0..comptime!(size / 8) {
            let scaled = running.context[n][half] * factors;
            set(&mut running.context[n], half, scaled);
        }
    }
    let stride = comptime!(size + PADDING);
    #[unroll]
    for k in 0..comptime!(TILE / 16) {
        let mut weights = Array::<Vector<E, Pair>>::new(4usize);
        #[unroll]
        for part in 0..4usize {
            weights[part] =
                Vector::cast_from(scores[comptime!(2 * k + part / 2)][comptime!(part % 2)]);
        }
        #[unroll]
        for d in 0..comptime!(size / 16) {
            let pair = right_pair_by_rows::<E>(values, comptime!(k * 16 * stride + d * 16), stride);
            multiply::<E>(
                &weights,
                &pair,
                0usize,
                &mut running.context[comptime!(2 * d)],
            );
            multiply::<E>(
                &weights,
                &pair,
                1usize,
                &mut running.context[comptime!(2 * d + 1)],
            );
        }
    }
}

/// Writes the queries of a plane, each divided by its sum of weights, to rows of one head of
/// `output` `[rows, hidden]`, from `first` on; `count` of the cube's queries are there. `column`:
/// the head's first element.
#[cube]
pub(in crate::kernels::gpu) fn store<E: Float>(
    running: &Running,
    output: &mut [E],
    first: usize,
    count: usize,
    hidden: usize,
    column: usize,
    #[comptime] size: usize,
) {
    let unit = UNIT_POS_PLANE as usize;
    let to = output.as_vectorized_mut().with_vector_size_mut::<Pair>();
    #[unroll]
    for half in 0..2usize {
        let mut sum = running.sums[half];
        sum += plane_shuffle_xor(sum, 1u32);
        sum += plane_shuffle_xor(sum, 2u32);
        let query = own_queries() + unit / 4 + half * 8;
        if query < count {
            let begin = (first + query) * (hidden / 2) + column / 2 + unit % 4;
            let inverse = Vector::<f32, Pair>::new(1.0 / sum);
            #[unroll]
            for n in 0..comptime!(size / 8) {
                to[begin + n * 4] = Vector::cast_from(running.context[n][half] * inverse);
            }
        }
    }
}
