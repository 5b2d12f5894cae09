//! Rows that the units of a cube share.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use cubecl::client::Client;
use cubecl::prelude::*;

/// A cube for each row; some take several where there are more rows than cubes can be launched.
pub(super) fn cubes_of_rows(client: &Client, rows: usize) -> CubeCount {
    let most = client.properties().hardware.max_cube_count.0;
    CubeCount::Static(u32::try_from(rows).unwrap_or(u32::MAX).min(most), 1, 1)
}

/// The sum of a vector's elements.
#[cube]
pub(super) fn sum_of_lanes<N: Size>(x: Vector<f32, N>) -> f32 {
    let mut sum = f32::new(0.0);
    #[unroll]
    for lane in 0..N::value() {
        sum += x.extract(lane);
    }
    sum
}

/// The sum over all `units` of a cube, a power of two. `parts`: `[units]`
#[cube]
pub(super) fn sum_of_units(part: f32, parts: &mut Shared<[f32]>, #[comptime] units: usize) -> f32 {
    let unit = UNIT_POS as usize;
    parts[unit] = part;
    sync_cube();
    let mut half = comptime!(units / 2).runtime();
    while half > 0 {
        if unit < half {
            parts[unit] += parts[unit + half];
        }
        sync_cube();
        half /= 2;
    }
    let sum = parts[0];
    sync_cube();
    sum
}
