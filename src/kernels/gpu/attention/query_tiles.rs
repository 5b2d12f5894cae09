//! The tiles of queries that cubes compute.

use cubecl::client::Client;
use cubecl::server::Handle;

use crate::kernels::attention::{Geometry, QuerySelection};

/// Numbers of a tile, see [`query_tiles`].
pub(super) const FIELDS: usize = 5;

/// The tiles of queries, `[tiles, FIELDS]`: the index of their row's first token, the number of its
/// tokens, the index of the first query, its position in the row, and the number of queries.
fn query_tiles(geometry: &Geometry, selection: Option<&QuerySelection>, tile: usize) -> Vec<u32> {
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
    // The tokens of a batch fit into the memory of a device, so that their number fits too.
    tiles
        .as_flattened()
        .iter()
        .map(|n| u32::try_from(*n).unwrap_or(u32::MAX))
        .collect()
}

/// What the kernel reads besides tensors, on the device; the same in all layers.
#[derive(Debug, Clone)]
pub(super) struct LaunchInputs {
    pub(super) tiles: Handle,
    /// Numbers in `tiles`.
    pub(super) fields: usize,
    /// The row of the position table by query position − key position, from −reach to reach.
    pub(super) table: Handle,
    /// Numbers in `table`.
    pub(super) distances: usize,
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
        let buffer = |numbers: &[u32]| client.create_from_slice(bytemuck::cast_slice(numbers));
        Self {
            fields: tiles.len(),
            tiles: buffer(&tiles),
            distances: table.len(),
            table: buffer(table),
        }
    }
}
