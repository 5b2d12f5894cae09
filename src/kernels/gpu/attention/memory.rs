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
    let lowest = row_of_table(table, position, start, 0usize.runtime(), tile);
    let highest = row_of_table(
        table,
        position,
        start,
        comptime!(2 * tile - 2).runtime(),
        tile,
    );
    // Where all rows between the ends fit into the window, it has them in order; far from the
    // diagonal these are few. Otherwise it has a row for every distance.
    let span = highest - lowest + 1;
    let consecutive = span < 2 * tile;
    let mut d = UNIT_POS as usize;
    while d < 2 * tile {
        let row = row_of_table(table, position, start, d, tile);
        if consecutive {
            places[d] = min(row - lowest, comptime!(2 * tile - 1)) as u32;
            rows[d] = min(lowest + d, highest) as u32;
        } else {
            places[d] = d as u32;
            rows[d] = row as u32;
        }
        d += CUBE_DIM as usize;
    }
    let needed = if consecutive { span } else { 2 * tile };
    needed.div_ceil(16) * 16
}

/// The row of the position table for distance `d` between a tile of queries from `position` on and
/// one of `tile` keys from `start` on: position − start − (tile − 1) + d. Beyond the reach of
/// `table` it is the last one.
#[cube]
pub(super) fn row_of_table(
    table: &[u32],
    position: usize,
    start: usize,
    d: usize,
    #[comptime] tile: usize,
) -> usize {
    let reach = (table.len() - 1) / 2;
    let (from, to) = (position + reach + 1 + d, start + tile);
    let index = if from > to {
        from - to
    } else {
        0usize.runtime()
    };
    table[min(index, 2 * reach)] as usize
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
