//! The attention of one head over one token row.

use pulp::Simd;

use crate::kernels::attention::Geometry;
use crate::kernels::cpu::arithmetic::Arithmetic;
use crate::kernels::cpu::attention::tables::{Tables, reached};
use crate::kernels::cpu::matrix_view::MatrixView;
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::relative_bias::{LANES, RelativeBias, ScoreBlock, add};
use crate::kernels::cpu::softmax::exponentials;

/// One head of one token row.
pub(super) struct HeadRow<'a, A: Arithmetic> {
    /// `[queries, size]`
    pub(super) query: MatrixView<'a>,
    /// The queries' positions in the row, `[queries]`.
    pub(super) positions: &'a [usize],
    /// `[len, size]`
    pub(super) key: MatrixView<'a>,
    /// `[len, size]`
    pub(super) value: MatrixView<'a>,
    pub(super) tables: &'a Tables<A>,
    /// Tokens of the row.
    pub(super) len: usize,
    /// Dimensions of a head.
    pub(super) size: usize,
    pub(super) geometry: &'a Geometry,
    pub(super) arithmetic: A,
}

impl<A: Arithmetic> pulp::WithSimd for HeadRow<'_, A> {
    type Output = Vec<f32>;

    /// softmax(scores) · value, `[queries, size]`.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let (len, size, arithmetic) = (self.len, self.size, self.arithmetic);
        let by_distance = self
            .geometry
            .relative
            .as_deref()
            .map_or(&[][..], |rows| rows.within(len));
        // The table rows that rows of this length reach, in whole panels.
        let (first, end) = reached(by_distance);
        let first = (first - self.tables.first) / WIDTH * WIDTH;
        let width = (end - self.tables.first - first).next_multiple_of(WIDTH);
        let padded = len.next_multiple_of(WIDTH);
        let keys = arithmetic.right(self.key.rows(0..len, size), size);
        let values = arithmetic.right_by_depth(self.value.rows(0..len, size), len, size);

        let mut left = A::Left::default();
        // Keys against position queries.
        let by_key = self.tables.queries.as_ref().map(|table| {
            let mut by_key = vec![0f32; padded * width + LANES];
            let out = &mut by_key[..padded * width];
            arithmetic.left(self.key.rows(0..len, size), size, &mut left);
            arithmetic.products(simd, &left, table, first, out, width);
            by_key
        });
        let bias = RelativeBias::new(
            by_distance,
            self.tables.first + first,
            by_key.as_deref(),
            width,
        );

        let (block, wide) = (arithmetic.block(), size.next_multiple_of(WIDTH));
        let mut context = vec![0f32; self.positions.len() * size];
        let (mut scores, mut by_query) = (
            vec![0f32; block * padded],
            vec![0f32; block * width + LANES],
        );
        let (mut sums, mut factors) = (vec![0f32; block * wide], vec![0f32; block]);
        for (b, positions) in self.positions.chunks(block).enumerate() {
            let (start, count) = (b * block, positions.len());
            let queries = self.query.rows(start..start + count, size);
            arithmetic.left(queries, size, &mut left);
            arithmetic.products(simd, &left, &keys, 0, &mut scores, padded);
            if let Some(table) = &self.tables.keys {
                let out = &mut by_query[..block * width];
                arithmetic.products(simd, &left, table, first, out, width);
            }
            add(
                &bias,
                &mut ScoreBlock {
                    scores: &mut scores,
                    padded,
                    by_query: self.tables.keys.as_ref().map(|_| by_query.as_slice()),
                    positions,
                },
            );
            let rows = scores.chunks_exact_mut(padded).take(count);
            for (scores, factor) in rows.zip(&mut factors) {
                *factor = exponentials(&mut scores[..len], 1.0 / self.geometry.scale);
            }
            let rows = scores.chunks_exact(padded).take(count);
            arithmetic.left(rows.map(|row| &row[..len]), len, &mut left);
            arithmetic.products(simd, &left, &values, 0, &mut sums, wide);
            let rows = context[start * size..].chunks_exact_mut(size).take(count);
            for ((to, from), factor) in rows.zip(sums.chunks_exact(wide)).zip(&factors) {
                to.iter_mut()
                    .zip(from)
                    .for_each(|(to, from)| *to = from * factor);
            }
        }
        context
    }
}
