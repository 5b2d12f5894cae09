//! Values rounded to bf16, as lanes.

use crate::kernels::cpu::dot::{Bf16, Lane, PackedRows, PanelLanes, TILE_DEPTH};
use crate::kernels::cpu::math::bf16;
use crate::kernels::cpu::micro_kernel::WIDTH;

/// As many values as fit into `halves`, rounded.
#[inline(always)]
fn to_bf16(values: &[f32], halves: &mut [u16]) {
    for (half, value) in halves.iter_mut().zip(values) {
        *half = bf16(*value);
    }
}

/// The lanes of a panel's outputs, or of as many inputs.
#[inline(always)]
pub(super) fn to_lanes(values: &[f32; WIDTH]) -> [Lane; TILE_DEPTH] {
    let mut halves = [0u16; WIDTH];
    to_bf16(values, &mut halves);
    bytemuck::cast(halves)
}

/// Rounds rows of `depth` values and packs them in place of those that `packed` holds.
#[inline(always)]
pub(crate) fn pack_rows<'a>(
    mut rows: impl Iterator<Item = &'a [f32]>,
    depth: usize,
    packed: &mut PackedRows<Bf16>,
) {
    packed.clear(depth.div_ceil(2));
    while let Some(first) = rows.next() {
        let at = packed.count();
        // Four at a time: their lanes go to memory together.
        let mut four = [first, &[], &[], &[]];
        let mut count = 1;
        for (row, next) in four[1..].iter_mut().zip(rows.by_ref()) {
            *row = next;
            count += 1;
        }
        packed.grow(count);
        for tile in 0..packed.depth() / TILE_DEPTH {
            // Loops, here and there: `map` would not be inlined into the function that is compiled
            // for the processor's widest instructions.
            let mut lanes = [[[0; 4]; TILE_DEPTH]; 4];
            for (lanes, row) in lanes.iter_mut().zip(four) {
                *lanes = lanes_of(row, tile);
            }
            packed.put(at, tile, &lanes);
        }
    }
}

/// A tile's lanes of a row, with zeros where it has ended.
#[inline(always)]
fn lanes_of(row: &[f32], tile: usize) -> [Lane; TILE_DEPTH] {
    let values = row.get(tile * WIDTH..).unwrap_or_default();
    // A whole tile's length is known as the code is compiled.
    if let Some(values) = values.first_chunk() {
        return to_lanes(values);
    }
    let mut filled_up = [0.0; WIDTH];
    filled_up[..values.len()].copy_from_slice(values);
    to_lanes(&filled_up)
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
