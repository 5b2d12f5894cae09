//! What a type of short numbers brings to a linear layer.

use std::ops::Range;

use crate::kernels::cpu::dot::{DotType, Engine, PackedRows, PanelLanes};
use crate::kernels::cpu::epilogue::PanelEpilogue;
use crate::kernels::cpu::micro_kernel::WIDTH;

/// The weights of a linear layer `[output, input]`, and how rows are multiplied by them.
pub(crate) trait Factors: Sync {
    type Dot: DotType;
    /// Rows of the left factor, with what their sums are finished with.
    type Rows: AsRef<PackedRows<Self::Dot>>;
    /// Rows of the left factor whose values come panel by panel.
    type Coming;

    /// Rows of a gated feed-forward part that go through all of its layers at a time: what is between
    /// the layers should stay in the cache, but each block reads all weights.
    const GATED_ROWS: usize;

    fn input(&self) -> usize;

    fn output(&self) -> usize;

    /// Some panels of weights.
    fn panels(&self, panels: Range<usize>) -> impl Iterator<Item = &[PanelLanes]>;

    /// Rows that a thread multiplies at a time, about: they, and what becomes of them, should stay in
    /// the cache, but each block reads all weights.
    fn block_rows(&self, engine: Engine) -> usize;

    /// Rounds and packs rows `x` `[rows, input]`.
    fn take(&self, engine: Engine, x: &[f32]) -> Self::Rows;

    /// The sums of a row and a panel → the row's results. Inlined into what is compiled for the
    /// processor's widest instructions, as [`Self::put`] is.
    fn finish(
        &self,
        rows: &Self::Rows,
        row: usize,
        panel: usize,
        sums: &[<Self::Dot as DotType>::Sum; WIDTH],
        epilogue: &PanelEpilogue,
    ) -> [f32; WIDTH];

    /// Room for so many rows `[rows, input]`.
    fn expect(&self, engine: Engine, rows: usize) -> Self::Coming;

    /// A panel's values of four rows from `row` on; rows after the last may be among them.
    fn put(coming: &mut Self::Coming, row: usize, panel: usize, values: &[[f32; WIDTH]; 4]);

    /// The rows, after all panels have come.
    fn arrived(&self, engine: Engine, coming: Self::Coming) -> Self::Rows;

    /// Number of panels.
    fn count(&self) -> usize {
        self.output().div_ceil(WIDTH)
    }
}
