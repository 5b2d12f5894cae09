//! The attention of one head over one token row.

use std::ops::Range;

use pulp::Simd;

use crate::kernels::attention::Geometry;
use crate::kernels::cpu::arithmetic::Arithmetic;
use crate::kernels::cpu::attention::tables::{Tables, reached};
use crate::kernels::cpu::matrix_view::MatrixView;
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::relative_bias::{LANES, RelativeBias, ScoreBlock, add};
use crate::kernels::cpu::scratch::{Scratch, at_least};
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
    pub(super) scratch: &'a mut RowScratch<A::Left>,
}

/// What one head of one row leaves to the next.
#[derive(Default)]
pub(super) struct RowScratch<L> {
    scratch: Scratch<L>,
    /// Products of keys with position queries.
    by_key: Vec<f32>,
    /// Products of queries with position keys.
    by_query: Vec<f32>,
}

impl<A: Arithmetic> HeadRow<'_, A> {
    /// Table rows at distances that this row has.
    fn by_distance(&self) -> &[u32] {
        let relative = self.geometry.relative.as_deref();
        relative.map_or(&[], |rows| rows.within(self.len))
    }

    /// The places, in whole panels from the table row `start` on, that these queries reach with
    /// these keys.
    fn panels(&self, start: usize, queries: &[usize], keys: Range<usize>) -> Range<usize> {
        let (Some(lowest), Some(highest)) = (queries.iter().min(), queries.iter().max()) else {
            return 0..0;
        };
        // The entry of distance i − j is i − j + len − 1.
        let entries = lowest + self.len - keys.end..highest + self.len - keys.start;
        let (first, end) = reached(&self.by_distance()[entries]);
        let place = |row: usize| row.saturating_sub(start);
        place(first) / WIDTH * WIDTH..place(end).next_multiple_of(WIDTH)
    }
}

impl<A: Arithmetic> pulp::WithSimd for HeadRow<'_, A> {
    type Output = Vec<f32>;

    /// softmax(scores) · value, `[queries, size]`.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let mut memory = std::mem::take(self.scratch);
        let scratch = &mut memory.scratch;
        let (len, size, arithmetic) = (self.len, self.size, self.arithmetic);
        // The table rows that rows of this length reach, in whole panels.
        let (start, end) = reached(self.by_distance());
        let skipped = (start - self.tables.first) / WIDTH * WIDTH;
        let start = self.tables.first + skipped;
        let width = (end - start).next_multiple_of(WIDTH);
        let padded = len.next_multiple_of(WIDTH);
        let keys = arithmetic.right(self.key.rows(0..len, size), size);
        let values = arithmetic.right_by_depth(self.value.rows(0..len, size), len, size);
        let (block, wide) = (arithmetic.block(), size.next_multiple_of(WIDTH));

        let left = &mut scratch.left;
        // Keys against position queries, as far as some query reaches. Products are written from a
        // panel on, so that the last row ends up to a row later. No closure: the compiler may leave
        // one out of line, and then without the processor's instructions.
        let mut by_key = None;
        if let Some(table) = &self.tables.queries {
            let products = at_least(&mut memory.by_key, (padded + 1) * width + LANES);
            for from in (0..len).step_by(block) {
                let some = from..(from + block).min(len);
                let panels = self.panels(start, self.positions, some.clone());
                let out = &mut products[from * width + panels.start..];
                arithmetic.left(self.key.rows(some, size), size, left);
                let outputs = skipped + panels.start..skipped + panels.end;
                arithmetic.products(simd, left, table, outputs, out, width);
            }
            by_key = Some(&*products);
        }
        let bias = RelativeBias::new(self.by_distance(), start, by_key, width);

        let mut context = vec![0f32; self.positions.len() * size];
        let scores = at_least(&mut scratch.scores, block * padded);
        let by_query = at_least(&mut memory.by_query, (block + 1) * width + LANES);
        let sums = at_least(&mut scratch.sums, block * wide);
        let factors = at_least(&mut scratch.factors, block);
        for (b, positions) in self.positions.chunks(block).enumerate() {
            let (from, count) = (b * block, positions.len());
            let queries = self.query.rows(from..from + count, size);
            arithmetic.left(queries, size, left);
            arithmetic.products(simd, left, &keys, 0..padded, scores, padded);
            if let Some(table) = &self.tables.keys {
                let panels = self.panels(start, positions, 0..len);
                let out = &mut by_query[panels.start..][..block * width];
                let outputs = skipped + panels.start..skipped + panels.end;
                arithmetic.products(simd, left, table, outputs, out, width);
            }
            add(
                &bias,
                &mut ScoreBlock {
                    scores: &mut *scores,
                    padded,
                    by_query: self.tables.keys.as_ref().map(|_| &*by_query),
                    positions,
                },
            );
            let rows = scores.chunks_exact_mut(padded).take(count);
            for (scores, factor) in rows.zip(&mut *factors) {
                *factor = exponentials(&mut scores[..len], 1.0 / self.geometry.scale);
            }
            let rows = scores.chunks_exact(padded).take(count);
            arithmetic.left(rows.map(|row| &row[..len]), len, left);
            arithmetic.products(simd, left, &values, 0..wide, sums, wide);
            let rows = context[from * size..].chunks_exact_mut(size).take(count);
            for ((to, from), factor) in rows.zip(sums.chunks_exact(wide)).zip(&*factors) {
                to.iter_mut()
                    .zip(from)
                    .for_each(|(to, from)| *to = from * factor);
            }
        }
        *self.scratch = memory;
        context
    }
}
