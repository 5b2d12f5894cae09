//! What the kernel is compiled for.

use burn::backend::cubecl::dtype_to_storage_type;
use burn::tensor::DType;
use cubecl::client::Client;
use cubecl::ir::features::MmaConfig;
use cubecl::ir::{DeviceProperties, ElemType, FloatKind};
use cubecl::prelude::*;

use crate::kernels::gpu::buffers::vector_size;
use crate::kernels::relative_positions::PositionTerms;

/// The constants for which the kernel is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct KernelConfig {
    /// Queries of a cube, and keys that they meet at a time.
    pub(super) tile: usize,
    /// Dimensions of a head.
    pub(super) size: usize,
    /// Elements from one row of queries, keys or table to the next: not a power of two, so that
    /// units that read a column use different banks of the shared memory.
    pub(super) stride: usize,
    /// Elements that are read at once.
    pub(super) lanes: usize,
    /// Whether products are computed by matrix instructions of 16 × 16 × 16; else by units, an
    /// element at a time.
    pub(super) matrix: bool,
    /// Whether scores have the content-to-position term.
    pub(super) c2p: bool,
    /// Whether scores have the position-to-content term.
    pub(super) p2c: bool,
}

/// Whether the device can run the kernel for heads of `size` dimensions.
pub(crate) fn fits(client: &Client, dtype: DType, size: usize, terms: PositionTerms) -> bool {
    KernelConfig::new(client, dtype_to_storage_type(dtype), size, terms).is_some()
}

impl KernelConfig {
    /// The configuration for a device and heads of `size` dimensions; `None` where the shared
    /// memory is too small for the smallest tile.
    pub(super) fn new(
        client: &Client,
        dtype: ElemType,
        size: usize,
        terms: PositionTerms,
    ) -> Option<Self> {
        Self::for_properties(client.properties(), dtype, size, terms)
    }

    /// The same by the properties of a device.
    pub(super) fn for_properties(
        properties: &DeviceProperties,
        dtype: ElemType,
        size: usize,
        terms: PositionTerms,
    ) -> Option<Self> {
        let instruction = MmaConfig {
            a_type: dtype,
            b_type: dtype,
            cd_type: ElemType::Float(FloatKind::F32),
            m: 16,
            n: 16,
            k: 16,
        };
        // A plane computes a tile, so that its size must be known; Intel and AMD choose it when
        // they compile.
        let planes = properties.hardware.plane_size_min == properties.hardware.plane_size_max;
        let matrix = planes
            && size.is_multiple_of(16)
            && properties.features.matmul.cmma.contains(&instruction);
        let lanes = vector_size(properties, dtype, size);
        let with_tile = |tile| {
            // Matrix instructions load from multiples of 16 bytes.
            let stride = if matrix { size + 8 } else { size + 1 };
            Self {
                tile,
                size,
                stride,
                lanes,
                matrix,
                c2p: terms.c2p(),
                p2c: terms.p2c(),
            }
        };
        let available = properties.hardware.max_shared_memory_size;
        // Wider tiles read keys and values less often, but without matrix instructions the products
        // dominate. On an H100 64 gave 1.1 times the speed of 32.
        let tiles: &[usize] = if matrix { &[64, 32, 16] } else { &[16] };
        tiles
            .iter()
            .map(|tile| with_tile(*tile))
            .find(|config| config.shared_bytes(dtype.size()) <= available)
    }

    /// Elements from one row of the position terms, `[tile, 2 · tile]`, to the next. Units read
    /// them by columns: the rest spreads these over the banks, and matrix instructions store to
    /// multiples of 16 bytes.
    pub(super) fn terms_stride(&self) -> usize {
        2 * self.tile + if self.matrix { 4 } else { 1 }
    }

    /// Bytes of shared memory that the kernel takes, with elements of `element` bytes.
    fn shared_bytes(&self, element: usize) -> usize {
        let Self {
            tile, size, stride, ..
        } = self;
        element * (4 * tile * stride + tile * tile)
            + 4 * (tile * tile + tile * self.terms_stride() + tile * size + 7 * tile)
    }

    /// The units of a cube.
    pub(super) fn cube_dim(&self, properties: &DeviceProperties) -> CubeDim {
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
