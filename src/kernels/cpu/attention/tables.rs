//! The projected relative positions of a head, packed.

use crate::kernels::attention::Geometry;
use crate::kernels::cpu::arithmetic::Arithmetic;
use crate::kernels::cpu::matrix_view::MatrixView;
use crate::kernels::cpu::micro_kernel::WIDTH;

/// One head's projected positions, as far as the longest row of the batch reaches into the table.
pub(super) struct Tables<A: Arithmetic> {
    /// `[table rows, size]`, from the table row `first` on.
    pub(super) keys: Option<A::Right>,
    /// The same table rows.
    pub(super) queries: Option<A::Right>,
    /// A multiple of [`WIDTH`].
    pub(super) first: usize,
}

impl<A: Arithmetic> Tables<A> {
    /// `keys`, `queries`: `[2 · span, size]`
    pub(super) fn pack(
        arithmetic: A,
        geometry: &Geometry,
        keys: MatrixView,
        queries: MatrixView,
        size: usize,
    ) -> Self {
        let by_distance = geometry
            .relative
            .as_deref()
            .map_or(&[][..], |rows| rows.within(geometry.longest()));
        let (first, end) = reached(by_distance);
        let first = first / WIDTH * WIDTH;
        let pack = |table: MatrixView| arithmetic.right(table.rows(first..end, size), size);
        let keys = geometry.terms.c2p().then(|| pack(keys));
        let queries = geometry.terms.p2c().then(|| pack(queries));
        Self {
            keys,
            queries,
            first,
        }
    }
}

/// The part of the table that these distances reach: its first row, and the one after its last.
pub(super) fn reached(by_distance: &[u32]) -> (usize, usize) {
    (
        by_distance.first().map_or(0, |row| *row as usize),
        by_distance.last().map_or(0, |row| *row as usize + 1),
    )
}
