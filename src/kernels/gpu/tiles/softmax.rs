//! The softmax of a tile of scores.
//!
//! Afterwards `context` is ready for the weighted values, and `sums` includes the new weights.
//! `scores`, `weights`: `[tile, tile]`; `context`: `[tile, size]`; the others `[tile]`.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use cubecl::prelude::*;

use crate::kernels::gpu::tiles::tiling::{MASKED, Tiling};

/// Sets `context` `[tile, size]` and `sums` `[tile]` to zero, and `maxima` `[tile]` below all
/// scores.
#[cube]
pub(in crate::kernels::gpu) fn clear(
    context: &mut Shared<[f32]>,
    maxima: &mut Shared<[f32]>,
    sums: &mut Shared<[f32]>,
    #[comptime] tiling: Tiling,
) {
    let tile = comptime!(tiling.tile);
    let size = comptime!(tiling.size);
    let mut at = UNIT_POS as usize;
    while at < tile * size {
        context[at] = 0.0;
        at += CUBE_DIM as usize;
    }
    if (UNIT_POS as usize) < tile {
        maxima[UNIT_POS as usize] = f32::new(MASKED);
        sums[UNIT_POS as usize] = 0.0;
    }
}

/// Turns the scores into weights relative to the largest score so far, and makes the earlier sums
/// relative to it as well. `factors`: by which the new largest score changes these, where units and
/// not planes compute them.
#[cube]
pub(in crate::kernels::gpu) fn soften<E: Float>(
    scores: &mut Shared<[f32]>,
    weights: &mut Shared<[E]>,
    context: &mut Shared<[f32]>,
    maxima: &mut Shared<[f32]>,
    sums: &mut Shared<[f32]>,
    factors: &mut Shared<[f32]>,
    #[comptime] tiling: Tiling,
) {
    if comptime!(tiling.matrix) {
        soften_by_planes::<E>(scores, weights, context, maxima, sums, tiling);
        sync_cube();
    } else {
        soften_by_units::<E>(scores, weights, context, maxima, sums, factors, tiling);
    }
}

/// A plane computes a row, and nobody waits for another.
#[cube]
fn soften_by_planes<E: Float>(
    scores: &mut Shared<[f32]>,
    weights: &mut Shared<[E]>,
    context: &mut Shared<[f32]>,
    maxima: &mut Shared<[f32]>,
    sums: &mut Shared<[f32]>,
    #[comptime] tiling: Tiling,
) {
    let tile = comptime!(tiling.tile);
    let size = comptime!(tiling.size);
    let mut i = UNIT_POS_Y as usize;
    while i < tile {
        let before = maxima[i];
        let mut largest = before;
        let mut j = UNIT_POS_X as usize;
        while j < tile {
            largest = max(largest, scores[i * tile + j]);
            j += CUBE_DIM_X as usize;
        }
        let maximum = plane_max(largest);
        let factor = (before - maximum).exp();
        let mut own = f32::new(0.0);
        let mut j = UNIT_POS_X as usize;
        while j < tile {
            let weight = (scores[i * tile + j] - maximum).exp();
            weights[i * tile + j] = E::cast_from(weight);
            own += weight;
            j += CUBE_DIM_X as usize;
        }
        let sum = plane_sum(own);
        let mut c = UNIT_POS_X as usize;
        while c < size {
            context[i * size + c] *= factor;
            c += CUBE_DIM_X as usize;
        }
        if UNIT_POS_X == 0 {
            maxima[i] = maximum;
            sums[i] = sums[i] * factor + sum;
        }
        i += CUBE_DIM_Y as usize;
    }
}

/// The same where the planes of a device have no fixed size.
#[cube]
fn soften_by_units<E: Float>(
    scores: &mut Shared<[f32]>,
    weights: &mut Shared<[E]>,
    context: &mut Shared<[f32]>,
    maxima: &mut Shared<[f32]>,
    sums: &mut Shared<[f32]>,
    factors: &mut Shared<[f32]>,
    #[comptime] tiling: Tiling,
) {
    let tile = comptime!(tiling.tile);
    let size = comptime!(tiling.size);
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
