//! Which of an attention's two kernels it is.

use crate::kernels::gpu::fragments::operands::LANES;
use crate::kernels::gpu::fragments::scores::TILE;
use crate::kernels::gpu::tiles::Tiling;

/// The kernel for a device, a type and a size of heads, with the constants that it is compiled for.
#[derive(Debug, Clone, Copy)]
pub(in crate::kernels::gpu) enum Plan<F, T> {
    InFragments(F),
    ByTiles(T),
}

impl<F, T: AsRef<Tiling>> Plan<F, T> {
    /// In fragments where they suit.
    pub(in crate::kernels::gpu) fn new(
        in_fragments: Option<F>,
        by_tiles: impl FnOnce() -> Option<T>,
    ) -> Self {
        in_fragments.map_or_else(
            || Self::ByTiles(by_tiles().expect("the caller has checked `fits`")),
            Self::InFragments,
        )
    }

    /// Queries of a cube.
    pub(in crate::kernels::gpu) fn tile(&self) -> usize {
        match self {
            Self::InFragments(_) => TILE,
            Self::ByTiles(config) => config.as_ref().tile,
        }
    }

    /// Elements that are read at once.
    pub(in crate::kernels::gpu) fn lanes(&self) -> usize {
        match self {
            Self::InFragments(_) => LANES,
            Self::ByTiles(config) => config.as_ref().lanes,
        }
    }
}
