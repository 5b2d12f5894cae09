//! Values rounded to bf16, as lanes.

use crate::kernels::cpu::dot::{Bf16, Lane, PackedRows, PanelLanes};
use crate::kernels::cpu::math::bf16;

/// As many values as fit into `halves`, rounded.
#[inline(always)]
fn to_bf16(values: &[f32], halves: &mut [u16]) {
    for (half, value) in halves.iter_mut().zip(values) {
        *half = bf16(*value);
    }
}

/// Rounds rows of `depth` values and packs them in place of those that `packed` holds.
#[inline(always)]
pub(crate) fn pack_rows<'a>(
    rows: impl Iterator<Item = &'a [f32]>,
    depth: usize,
    packed: &mut PackedRows<Bf16>,
) {
    packed.clear(depth.div_ceil(2));
    let mut halves = vec![0u16; depth.next_multiple_of(2)];
    for row in rows {
        to_bf16(row, &mut halves);
        packed.push(bytemuck::cast_slice(&halves));
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
