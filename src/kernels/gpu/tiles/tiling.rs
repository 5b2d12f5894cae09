//! How the attention of a device is divided into tiles.

use cubecl::ir::features::MmaConfig;
use cubecl::ir::{DeviceProperties, ElemType, FloatKind};
use cubecl::prelude::*;

use crate::kernels::gpu::buffers::vector_size;

/// The score of keys that a query does not see, far below any other; WGSL has no infinity.
pub(in crate::kernels::gpu) const MASKED: f32 = -1e30;

/// Alignment in bytes that NVIDIA's matrix loads need.
pub(in crate::kernels::gpu) const ALIGNED: usize = 32;

/// The constants of its tiles, for which a kernel is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::kernels::gpu) struct Tiling {
    /// Queries of a cube, and keys that they meet at a time.
    pub(in crate::kernels::gpu) tile: usize,
    /// Dimensions of a head.
    pub(in crate::kernels::gpu) size: usize,
    /// Elements from one row of queries or keys to the next: not a power of two, so that units that
    /// read a column use different banks of the shared memory.
    pub(in crate::kernels::gpu) stride: usize,
    /// Elements that are read at once.
    pub(in crate::kernels::gpu) lanes: usize,
    /// Whether products are computed by matrix instructions of 16 × 16 × 16; else by units, an
    /// element at a time.
    pub(in crate::kernels::gpu) matrix: bool,
}

impl Tiling {
    /// The widest tiles for heads of `size` dimensions whose `bytes` fit into the shared memory;
    /// `None` where those of `smallest` queries do not.
    pub(in crate::kernels::gpu) fn fitting(
        properties: &DeviceProperties,
        dtype: ElemType,
        size: usize,
        smallest: usize,
        bytes: impl Fn(&Self) -> usize,
    ) -> Option<Self> {
        // Wider tiles read keys and values less often, but without matrix instructions the products
        // dominate. On an H100 64 gave 1.1 times the speed of 32.
        let by_matrix = [64, 32, 16].map(|tile| (tile, true));
        let by_units = [16, 8].map(|tile| (tile, false));
        let has_matrix = multiplies_matrices(properties, dtype, size);
        let lanes = vector_size(properties, dtype, size);
        by_matrix
            .into_iter()
            .filter(|_| has_matrix)
            .chain(by_units)
            .filter(|(tile, _)| *tile >= smallest)
            .map(|(tile, matrix)| Self {
                tile,
                size,
                // Matrix instructions load from multiples of 16 bytes.
                stride: if matrix { size + 8 } else { size + 1 },
                lanes,
                matrix,
            })
            .find(|tiling| bytes(tiling) <= properties.hardware.max_shared_memory_size)
    }

    /// The units of a cube.
    pub(in crate::kernels::gpu) fn cube_dim(&self, properties: &DeviceProperties) -> CubeDim {
        let hardware = &properties.hardware;
        if self.matrix {
            // A plane for every four queries of the tile.
            let most = hardware.max_units_per_cube / hardware.plane_size_max;
            let wanted = u32::try_from(self.tile / 4).unwrap_or(most);
            CubeDim::new_2d(hardware.plane_size_max, wanted.min(most))
        } else {
            CubeDim::new_1d(hardware.max_units_per_cube.min(128))
        }
    }
}

/// Whether the device has matrix instructions for heads of `size` dimensions.
fn multiplies_matrices(properties: &DeviceProperties, dtype: ElemType, size: usize) -> bool {
    let instruction = MmaConfig {
        a_type: dtype,
        b_type: dtype,
        cd_type: ElemType::Float(FloatKind::F32),
        m: 16,
        n: 16,
        k: 16,
    };
    // A plane computes a tile, so that its size must be known; Intel and AMD choose it when they
    // compile.
    let hardware = &properties.hardware;
    hardware.plane_size_min == hardware.plane_size_max
        && size.is_multiple_of(16)
        && properties.features.matmul.cmma.contains(&instruction)
}
