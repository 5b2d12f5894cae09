//! The tiles of queries that cubes compute.

use cubecl::client::Client;

use crate::kernels::attention::{Geometry, QuerySelection};
use crate::kernels::gpu::buffers::Numbers;

/// Numbers of a tile, see [`query_tiles`].
pub(super) const FIELDS: usize = 5;

/// The tiles of queries, `[tiles, FIELDS]`: the index of their row's first token, the number of its
/// tokens, the index of the first query, its position in the row, and the number of queries.
fn query_tiles(
    geometry: &Geometry,
    selection: Option<&QuerySelection>,
    tile: usize,
) -> Vec<[usize; FIELDS]> {
    let mut tiles: Vec<[usize; FIELDS]> = Vec::new();
    for (row, ends) in geometry.offsets.windows(2).enumerate() {
        let length = ends[1] - ends[0];
        match selection {
            None => tiles.extend(
                (0..length)
                    .step_by(tile)
                    .map(|at| [ends[0], length, ends[0] + at, at, tile.min(length - at)]),
            ),
            Some(selection) => {
                let (first, positions) = selection.row(row);
                tiles.extend(
                    positions
                        .iter()
                        .enumerate()
                        .map(|(n, at)| [ends[0], length, first + n, *at, 1]),
                );
            }
        }
    }
    tiles
}

/// What the kernel reads besides tensors, on the device; the same in all layers.
#[derive(Debug, Clone)]
pub(super) struct LaunchInputs {
    pub(super) tiles: Numbers,
    /// The row of the position table by query position − key position, from −reach to reach.
    pub(super) table: Numbers,
}

impl LaunchInputs {
    pub(super) fn upload(
        client: &Client,
        geometry: &Geometry,
        selection: Option<&QuerySelection>,
        tile: usize,
    ) -> Self {
        let tiles = query_tiles(geometry, selection, tile);
        let table = geometry
            .relative
            .as_ref()
            .map_or(&[0][..], |relative| relative.within(geometry.longest()));
        Self {
            tiles: Numbers::upload_indices(client, tiles.into_iter().flatten()),
            table: Numbers::upload(client, table),
        }
    }
}
