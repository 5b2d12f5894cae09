//! Rows of the position table, from the device's memory into the shared memory of a cube.
#![expect(clippy::cast_possible_truncation, reason = "indices of a tile")]
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use cubecl::prelude::*;

use crate::kernels::gpu::tiles::{Tiling, put};

/// The rows of the position table that the tile of keys from `start` on needs: fills `places` and
/// `rows`, `[2 · tile]` each → the number of rows of the window, a multiple of 16.
///
/// Distance d of the tile, from 0 to 2 · tile − 2, is position − start − (tile − 1) + d. Distances
/// beyond the reach of `table` belong to scores that are not used.
#[cube]
pub(super) fn reached(
    table: &[u32],
    places: &mut Shared<[u32]>,
    rows: &mut Shared<[u32]>,
    position: usize,
    start: usize,
    #[comptime] tiling: Tiling,
) -> usize {
    let tile = comptime!(tiling.tile);
    let reach = (table.len() - 1) / 2;
    let lowest = table[min(
        saturating_difference(position + reach + 1, start + tile),
        2 * reach,
    )];
    let highest = table[min(
        saturating_difference(position + reach + tile, start + 1),
        2 * reach,
    )];
    // Where all rows between the ends fit into the window, it has them in order; far from the
    // diagonal these are few. Otherwise it has a row for every distance.
    let span = (highest - lowest) as usize + 1;
    let consecutive = span < 2 * tile;
    let mut d = UNIT_POS as usize;
    while d < 2 * tile {
        let row = table[min(
            saturating_difference(position + reach + 1 + d, start + tile),
            2 * reach,
        )];
        if consecutive {
            places[d] = min(row - lowest, comptime!(2 * tile as u32 - 1));
            rows[d] = min(lowest + d as u32, highest);
        } else {
            places[d] = d as u32;
            rows[d] = row;
        }
        d += CUBE_DIM as usize;
    }
    let needed = if consecutive { span } else { 2 * tile };
    needed.div_ceil(16) * 16
}

/// a − b, or 0 where that is less.
#[cube]
fn saturating_difference(a: usize, b: usize) -> usize {
    if a > b { a - b } else { 0usize.runtime() }
}

/// Loads the rows of one head of `from` `[table rows, hidden]` that the first `count` of `rows`
/// name into `to` `[2 · tile, size]`.
#[cube]
pub(super) fn gather<E: Float, N: Size>(
    from: &[Vector<E, N>],
    rows: &Shared<[u32]>,
    to: &mut Shared<[E]>,
    count: usize,
    hidden: usize,
    column: usize,
    #[comptime] tiling: Tiling,
) {
    let lanes = comptime!(tiling.lanes);
    let parts = comptime!(tiling.size / tiling.lanes);
    let mut at = UNIT_POS as usize;
    while at < count * parts {
        let (row, part) = (at / parts, at % parts);
        let x = from[(rows[row] as usize * hidden + column) / lanes + part];
        put::<E, N>(to, row, part, x, tiling);
        at += CUBE_DIM as usize;
    }
}
