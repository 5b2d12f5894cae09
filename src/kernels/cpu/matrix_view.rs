//! A part of a matrix in memory.

/// A row-major view: row i starts at `i · stride`.
#[derive(Clone, Copy)]
pub(crate) struct MatrixView<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) stride: usize,
}

impl<'a> MatrixView<'a> {
    /// The view that starts `at` elements later.
    pub(crate) fn from(self, at: usize) -> MatrixView<'a> {
        MatrixView {
            data: &self.data[at..],
            stride: self.stride,
        }
    }

    /// The first `size` elements of some rows.
    pub(crate) fn rows(
        self,
        range: std::ops::Range<usize>,
        size: usize,
    ) -> impl Iterator<Item = &'a [f32]> {
        range.map(move |i| &self.data[i * self.stride..][..size])
    }
}
