//! How the factors and the sums lie in memory.

use std::ops::Range;

use crate::kernels::cpu::micro_kernel::WIDTH;

/// Four signed 8-bit integers, or two bf16 numbers.
pub(crate) type Lane = [u8; 4];

/// One lane of each output of a panel. Its 8-bit integers are raised by 128: the processors
/// multiply signed integers by unsigned ones.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct PanelLanes(pub(crate) [Lane; WIDTH]);

impl PanelLanes {
    pub(crate) const ZERO: Self = Self([[0; 4]; WIDTH]);
}

/// Some of the panels `[panels, depth]`.
pub(crate) fn some_panels(
    panels: &[PanelLanes],
    depth: usize,
    some: Range<usize>,
) -> impl Iterator<Item = &[PanelLanes]> {
    panels[some.start * depth..some.end * depth].chunks_exact(depth.max(1))
}

/// Depth of an AMX tile in lanes. Panels are filled up to a multiple of it; what is there is
/// multiplied by zeros.
pub(crate) const TILE_DEPTH: usize = 16;

/// The depth of a panel, in lanes, for rows of `depth` lanes.
pub(crate) fn padded(depth: usize) -> usize {
    depth.next_multiple_of(TILE_DEPTH)
}

/// Rows of a group, for every engine but AMX: 12 rows by two registers of outputs are 24 of
/// AVX-512's 32 registers.
pub(crate) const GROUP: usize = 12;

/// The most rows of a group.
pub(crate) const MAX_ROWS: usize = 32;

/// Sums of a group of rows and a panel, `[rows, outputs]`.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct GroupSums<T>(pub(crate) [[T; WIDTH]; MAX_ROWS]);
