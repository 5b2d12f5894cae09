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

/// Rounds as many values as a panel has outputs: they fill a tile's lanes of a row.
#[inline(always)]
pub(super) fn to_lanes(values: &[f32; WIDTH]) -> [Lane; TILE_DEPTH] {
    const { assert!(WIDTH == 2 * TILE_DEPTH) }
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
        // `four` first: the other way round, the end of `four` would cost a row.
        for (row, next) in four[1..].iter_mut().zip(rows.by_ref()) {
            *row = next;
            count += 1;
        }
        packed.grow(count);
        for tile in 0..packed.depth() / TILE_DEPTH {
            // Not by `map`, which would not be inlined into the function that is compiled for the
            // processor's widest instructions.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::testing::{engines_for_bf16, wave};

    /// Rows that are no multiple of four, of an odd depth, where others were before.
    #[test]
    fn rows_are_rounded_and_filled_up_with_zeros() {
        let rows: Vec<Vec<f32>> = (0..33)
            .map(|row| (0..41).map(|at| wave(row * 41 + at)).collect())
            .collect();
        for engine in engines_for_bf16() {
            let mut packed = PackedRows::<Bf16>::new(engine, 32);
            let before = [f32::NAN; 64];
            pack_rows([&before[..]; 40].into_iter(), 64, &mut packed);
            pack_rows(rows.iter().map(Vec::as_slice), 41, &mut packed);
            assert_eq!([packed.count(), packed.depth()], [33, 32]);
            for (r, row) in rows.iter().enumerate() {
                for at in 0..packed.depth() {
                    let half = |at: usize| {
                        row.get(at)
                            .map_or(half::bf16::ZERO, |v| half::bf16::from_f32(*v))
                    };
                    let expected = [half(2 * at), half(2 * at + 1)].map(half::bf16::to_le_bytes);
                    assert_eq!(
                        packed.lane(r, at),
                        bytemuck::cast::<_, Lane>(expected),
                        "{engine:?}, row {r}, lane {at}"
                    );
                }
            }
        }
    }
}
