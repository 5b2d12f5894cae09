//! What the kernel is compiled for.

use burn::backend::cubecl::dtype_to_storage_type;
use burn::tensor::DType;
use cubecl::client::Client;
use cubecl::ir::{DeviceProperties, ElemType};

use crate::kernels::gpu::tiles::Tiling;
use crate::kernels::relative_positions::PositionTerms;

/// The rows of a tile's window come in sixteens.
const SMALLEST_TILE: usize = 16;

/// The constants for which the kernel is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct KernelConfig {
    pub(super) tiling: Tiling,
    /// Whether scores have the content-to-position term.
    pub(super) c2p: bool,
    /// Whether scores have the position-to-content term.
    pub(super) p2c: bool,
}

/// Whether the device can run the kernel for heads of `size` dimensions.
pub(crate) fn fits(client: &Client, dtype: DType, size: usize, terms: PositionTerms) -> bool {
    KernelConfig::new(client, dtype_to_storage_type(dtype), size, terms).is_some()
}

impl AsRef<Tiling> for KernelConfig {
    fn as_ref(&self) -> &Tiling {
        &self.tiling
    }
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
        let bytes = |tiling: &Tiling| shared_bytes(tiling, dtype.size());
        Some(Self {
            tiling: Tiling::fitting(properties, dtype, size, SMALLEST_TILE, bytes)?,
            c2p: terms.c2p(),
            p2c: terms.p2c(),
        })
    }

    /// Elements from one row of the position terms, `[tile, 2 · tile]`, to the next.
    pub(super) fn terms_stride(&self) -> usize {
        terms_stride(&self.tiling)
    }
}

/// Units read the position terms by columns: the rest spreads these over the banks, and matrix
/// instructions store to multiples of 16 bytes.
fn terms_stride(tiling: &Tiling) -> usize {
    2 * tiling.tile + if tiling.matrix { 4 } else { 1 }
}

/// Bytes of shared memory that the kernel takes, with elements of `element` bytes.
fn shared_bytes(tiling: &Tiling, element: usize) -> usize {
    let Tiling {
        tile, size, stride, ..
    } = tiling;
    element * (4 * tile * stride + tile * tile)
        + 4 * (tile * tile + tile * terms_stride(tiling) + tile * size + 7 * tile)
}
