//! The softmax of a tile of scores.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use cubecl::prelude::*;

use crate::kernels::gpu::attention::kernel_config::KernelConfig;

/// Turns the scores into weights relative to the largest score so far, and makes the earlier sums
/// relative to it as well.
///
/// Afterwards `context` is ready for the weighted values; `sums` includes the new weights.
/// `scores`, `weights`: `[tile, tile]`; `context`: `[tile, size]`; the others `[tile]`.
#[cube]
pub(super) fn soften<E: Float>(
    scores: &mut Shared<[f32]>,
    weights: &mut Shared<[E]>,
    context: &mut Shared<[f32]>,
    maxima: &mut Shared<[f32]>,
    sums: &mut Shared<[f32]>,
    factors: &mut Shared<[f32]>,
    #[comptime] config: KernelConfig,
) {
    let tile = comptime!(config.tile);
    let size = comptime!(config.size);
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
