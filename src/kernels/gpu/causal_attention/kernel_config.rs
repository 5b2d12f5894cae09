//! What the kernel is compiled for.

use burn::backend::cubecl::dtype_to_storage_type;
use burn::tensor::DType;
use cubecl::client::Client;
use cubecl::ir::ElemType;

use crate::kernels::gpu::tiles::Tiling;

/// Heads of 256 dimensions, as Gemma 2 has, take 26 kB in f32 then.
const SMALLEST_TILE: usize = 8;

/// The constants for which the kernel is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct KernelConfig {
    pub(super) tiling: Tiling,
    /// Whether scores are capped.
    pub(super) caps: bool,
}

/// Whether the device can run the kernel for heads of `size` dimensions.
pub(crate) fn fits(client: &Client, dtype: DType, size: usize) -> bool {
    KernelConfig::new(client, dtype_to_storage_type(dtype), size, false).is_some()
}

impl AsRef<Tiling> for KernelConfig {
    fn as_ref(&self) -> &Tiling {
        &self.tiling
    }
}

impl KernelConfig {
    /// The configuration for a device and heads of `size` dimensions; `None` where the shared
    /// memory is too small for the smallest tile.
    pub(super) fn new(client: &Client, dtype: ElemType, size: usize, caps: bool) -> Option<Self> {
        let bytes = |tiling: &Tiling| shared_bytes(tiling, dtype.size());
        let tiling = Tiling::fitting(client.properties(), dtype, size, SMALLEST_TILE, bytes)?;
        Some(Self { tiling, caps })
    }
}

/// Bytes of shared memory that the kernel takes, with elements of `element` bytes.
fn shared_bytes(tiling: &Tiling, element: usize) -> usize {
    let Tiling {
        tile, size, stride, ..
    } = tiling;
    element * (2 * tile * stride + tile * tile) + 4 * (tile * tile + tile * size + 3 * tile)
}
