//! A part of a matrix in memory.

/// A row-major view: row i starts at `i · stride`.
#[derive(Clone, Copy)]
pub(super) struct MatrixView<'a> {
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
}

impl<'a> MatrixView<'a> {
    /// The view that starts `at` elements later.
    pub(super) fn from(self, at: usize) -> MatrixView<'a> {
        MatrixView {
            data: &self.data[at..],
            stride: self.stride,
        }
    }

    /// The first `size` elements of some rows.
    pub(super) fn rows(
        self,
        range: std::ops::Range<usize>,
        size: usize,
    ) -> impl Iterator<Item = &'a [f32]> {
        range.map(move |i| &self.data[i * self.stride..][..size])
    }
}
