//! Values rounded to bf16, as lanes.

use crate::kernels::cpu::dot::{Lane, PanelLanes};
use crate::kernels::cpu::math::bf16;

/// As many values as fit into `halves`, rounded.
#[inline(always)]
pub(crate) fn to_bf16(values: &[f32], halves: &mut [u16]) {
    for (half, value) in halves.iter_mut().zip(values) {
        *half = bf16(*value);
    }
}

/// Rounds one output's weights and writes them into its place `at` in a panel. `halves`: as many as
/// the weights, or more of which the rest is zeros, and even in number.
#[inline(always)]
pub(crate) fn put_output(weights: &[f32], at: usize, panel: &mut [PanelLanes], halves: &mut [u16]) {
    to_bf16(weights, halves);
    let lanes: &[Lane] = bytemuck::cast_slice(halves);
    for (row, lane) in panel.iter_mut().zip(lanes) {
        row.0[at] = *lane;
    }
}
