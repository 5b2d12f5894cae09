//! What a type of short numbers brings to a linear layer.

use std::borrow::Borrow;
use std::ops::Range;

use crate::kernels::cpu::dot::{DotType, Engine, PackedRows, PanelLanes};
use crate::kernels::cpu::epilogue::PanelEpilogue;
use crate::kernels::cpu::micro_kernel::WIDTH;

/// The weights of a linear layer `[output, input]`, and how rows are multiplied by them.
pub(crate) trait Factors: Sync {
    type Dot: DotType;
    /// Rows of the left factor, with what their sums are finished with. Other weights of the same
    /// type and input can multiply them, too.
    type Rows: Borrow<PackedRows<Self::Dot>> + Sync;
    /// Rows of the left factor whose values come panel by panel.
    type Coming: ComingRows;

    fn input(&self) -> usize;

    fn output(&self) -> usize;

    /// Number of panels.
    fn panel_count(&self) -> usize {
        self.output().div_ceil(WIDTH)
    }

    /// Some panels of weights.
    fn panels(&self, panels: Range<usize>) -> impl Iterator<Item = &[PanelLanes]>;

    /// Rows that a thread multiplies at a time, about: they, and what becomes of them, should stay
    /// in the cache, but each block reads all weights.
    fn block_rows(&self, engine: Engine) -> usize;

    /// Rows of a gated feed-forward part that go through all of its layers at a time: as
    /// [`Self::block_rows`], for what is between the layers.
    fn gated_rows(engine: Engine) -> usize;

    /// Rounds and packs rows `x` `[rows, input]`.
    fn pack(&self, engine: Engine, x: &[f32]) -> Self::Rows;

    /// Rounds and packs rows after all of their panels have come.
    fn pack_arrived(&self, engine: Engine, rows: Self::Coming) -> Self::Rows;

    /// The sums of a row and a panel → the row's results. Inlined into what is compiled for the
    /// processor's widest instructions.
    fn finish(
        &self,
        rows: &Self::Rows,
        row: usize,
        panel: usize,
        sums: &[<Self::Dot as DotType>::Sum; WIDTH],
        epilogue: &PanelEpilogue,
    ) -> [f32; WIDTH];
}

/// Rows whose values come panel by panel.
pub(crate) trait ComingRows {
    /// Room for so many rows of `size` values.
    fn new(engine: Engine, rows: usize, size: usize) -> Self;

    /// A panel's values of four rows from `row` on, a multiple of four; rows after the last may be
    /// among them. Inlined as [`Factors::finish`] is.
    fn put(&mut self, row: usize, panel: usize, values: &[[f32; WIDTH]; 4]);
}
