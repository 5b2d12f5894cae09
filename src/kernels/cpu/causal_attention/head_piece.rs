//! The causal attention of one head over one piece of a token row.
//!
//! A query's result depends on its position alone, to the bit: not on the block that it is in, nor
//! on whether other queries are computed. Sums over keys start at a multiple of [`WIDTH`], and keys
//! that a query does not see add exact zeros.

use pulp::Simd;

use crate::kernels::causal_attention::CausalGeometry;
use crate::kernels::cpu::arithmetic::Arithmetic;
use crate::kernels::cpu::math::tanh;
use crate::kernels::cpu::matrix_view::MatrixView;
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::scratch::{Scratch, at_least};
use crate::kernels::cpu::softmax::exponentials;

/// One query head of a piece.
pub(super) struct HeadPiece<'a, A: Arithmetic> {
    /// `[queries, head size]`
    pub(super) query: MatrixView<'a>,
    /// The queries' places among the keys, `[queries]`.
    pub(super) places: &'a [usize],
    /// `[keys, head size]`
    pub(super) keys: &'a A::Right,
    /// `[keys, head size]`, packed by their depth, the keys.
    pub(super) values: &'a A::Right,
    pub(super) geometry: &'a CausalGeometry,
    pub(super) arithmetic: A,
    pub(super) scratch: &'a mut Scratch<A::Left>,
}

impl<A: Arithmetic> HeadPiece<'_, A> {
    /// The first key that a query sees.
    fn first_seen(&self, place: usize) -> usize {
        let window = self.geometry.window;
        window.map_or(0, |window| (place + 1).saturating_sub(window))
    }

    /// The keys that some of these queries see, from a multiple of [`WIDTH`] on.
    fn seen(&self, places: &[usize]) -> std::ops::Range<usize> {
        let first = places.iter().map(|place| self.first_seen(*place)).min();
        let last = places.iter().max();
        first.unwrap_or(0) / WIDTH * WIDTH..last.map_or(0, |last| last + 1)
    }

    /// The scores of a query → the softmax's numerators, and 1 / their sum. `scores`: of the keys
    /// from `start` on; those that it does not see become 0.
    #[inline(always)]
    fn weigh(&self, scores: &mut [f32], start: usize, place: usize) -> f32 {
        let CausalGeometry {
            scale, soft_cap, ..
        } = *self.geometry;
        let (seen, unseen) = scores.split_at_mut(place + 1 - start);
        unseen.fill(0.0);
        if let Some(cap) = soft_cap {
            for score in seen.iter_mut() {
                *score = cap * tanh(*score * scale / cap);
            }
        }
        seen[..self.first_seen(place).saturating_sub(start)].fill(f32::NEG_INFINITY);
        exponentials(seen, if soft_cap.is_some() { 1.0 } else { scale })
    }
}

impl<A: Arithmetic> pulp::WithSimd for HeadPiece<'_, A> {
    type Output = Vec<f32>;

    /// softmax(scores) · value, `[queries, head size]`.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let (size, arithmetic) = (self.geometry.head_size, self.arithmetic);
        let (block, wide) = (arithmetic.block(), size.next_multiple_of(WIDTH));
        let mut context = vec![0f32; self.places.len() * size];
        let mut scratch = std::mem::take(self.scratch);
        let left = &mut scratch.left;
        let sums = at_least(&mut scratch.sums, block * wide);
        let factors = at_least(&mut scratch.factors, block);
        for (b, places) in self.places.chunks(block).enumerate() {
            let (first, count) = (b * block, places.len());
            let keys = self.seen(places);
            let width = keys.len().next_multiple_of(WIDTH);
            let scores = at_least(&mut scratch.scores, block * width);
            let queries = self.query.rows(first..first + count, size);
            arithmetic.left(queries, size, left);
            let outputs = keys.start..keys.start + width;
            arithmetic.products(simd, left, self.keys, outputs, scores, width);
            let rows = scores.chunks_exact_mut(width).zip(places);
            for ((scores, place), factor) in rows.zip(&mut *factors) {
                *factor = self.weigh(scores, keys.start, *place);
            }
            let rows = scores.chunks_exact(width).take(count);
            arithmetic.left(rows.map(|row| &row[..keys.len()]), keys.len(), left);
            arithmetic.partial_products(simd, left, self.values, keys.start, sums, wide);
            let rows = context[first * size..].chunks_exact_mut(size).take(count);
            for ((to, from), factor) in rows.zip(sums.chunks_exact(wide)).zip(&*factors) {
                to.iter_mut()
                    .zip(from)
                    .for_each(|(to, from)| *to = from * factor);
            }
        }
        *self.scratch = scratch;
        context
    }
}
