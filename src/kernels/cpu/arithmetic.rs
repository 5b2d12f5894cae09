//! The arithmetic of an attention head's products: f32, or sums in f32 of factors rounded to bf16.

use std::ops::Range;

use pulp::Simd;

use crate::kernels::cpu::bf16;
use crate::kernels::cpu::dot::{Bf16, DotType, Engine, PackedRows, PanelLanes, padded};
use crate::kernels::cpu::math;
use crate::kernels::cpu::micro_kernel::{
    GroupColumn, PanelRow, ROWS, WIDTH, multiply, pack_outputs, pack_rows,
};

/// The packing of both factors, and their product.
pub(crate) trait Arithmetic: Copy + Send + Sync {
    /// Rows of the left factor, packed.
    type Left: Default + Send + Sync;
    /// Outputs of the right factor, packed.
    type Right: Send + Sync;

    /// Queries of a block: whole groups, and a multiple of the `LANES` of `relative_bias`. The
    /// scores of 48 queries against 2,048 keys are 384 KiB.
    fn block(self) -> usize;

    /// Packs rows of `depth` values in place of those that `left` holds.
    fn left<'a>(self, rows: impl Iterator<Item = &'a [f32]>, depth: usize, left: &mut Self::Left);

    /// Packs a matrix `[outputs, depth]`.
    fn right<'a>(self, outputs: impl Iterator<Item = &'a [f32]>, depth: usize) -> Self::Right;

    /// Packs a matrix that lies as `[depth, outputs]`.
    fn right_by_depth<'a>(
        self,
        rows: impl Iterator<Item = &'a [f32]>,
        depth: usize,
        outputs: usize,
    ) -> Self::Right;

    /// Products of the left factor's rows with these outputs of the right factor, in whole panels of
    /// [`WIDTH`], into the first columns of `out`, `[rows, width]`; its rows after the last, up to a
    /// whole group, hold anything.
    fn products<S: Simd>(
        self,
        simd: S,
        left: &Self::Left,
        right: &Self::Right,
        outputs: Range<usize>,
        out: &mut [f32],
        width: usize,
    );

    /// Products of the left factor's rows with all outputs of a right factor that is deeper: from
    /// its depth `from` on, a multiple of [`WIDTH`]. `out` as in [`Self::products`].
    fn partial_products<S: Simd>(
        self,
        simd: S,
        left: &Self::Left,
        right: &Self::Right,
        from: usize,
        out: &mut [f32],
        width: usize,
    );
}

/// f32 throughout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct F32Factors;

/// A packed factor: groups or panels, each `[depth]`.
#[derive(Debug)]
pub(crate) struct PackedFactor<T> {
    values: Vec<T>,
    depth: usize,
}

impl<T> Default for PackedFactor<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            depth: 1,
        }
    }
}

impl<T> PackedFactor<T> {
    /// Each panel's part of this depth.
    fn parts(&self, depth: Range<usize>) -> impl Iterator<Item = &[T]> {
        self.values
            .chunks_exact(self.depth)
            .map(move |panel| &panel[depth.clone()])
    }

    /// The panels of these outputs, as many as exist.
    fn panels(&self, outputs: Range<usize>) -> impl Iterator<Item = &[T]> {
        let panels = self.values.chunks_exact(self.depth);
        panels
            .skip(outputs.start / WIDTH)
            .take(outputs.len().div_ceil(WIDTH))
    }
}

impl PackedFactor<GroupColumn> {
    /// Products of the rows with panels of the same depth. `out`: `[rows, width]`
    #[inline(always)]
    fn times<'a, S: Simd>(
        &self,
        simd: S,
        panels: impl Iterator<Item = &'a [PanelRow]>,
        out: &mut [f32],
        width: usize,
    ) {
        for (panel, from) in panels.zip((0..width).step_by(WIDTH)) {
            let groups = self.values.chunks_exact(self.depth);
            for (group, out) in groups.zip(out.chunks_mut(ROWS * width)) {
                let sums = multiply(simd, group, panel);
                for (out, sums) in out.chunks_exact_mut(width).zip(&sums) {
                    out[from..from + WIDTH].copy_from_slice(&sums.0);
                }
            }
        }
    }
}

impl Arithmetic for F32Factors {
    type Left = PackedFactor<GroupColumn>;
    type Right = PackedFactor<PanelRow>;

    fn block(self) -> usize {
        4 * ROWS
    }

    #[inline(always)]
    fn left<'a>(self, rows: impl Iterator<Item = &'a [f32]>, depth: usize, left: &mut Self::Left) {
        left.values.clear();
        left.depth = depth;
        pack_rows(rows, depth, &mut left.values);
    }

    #[inline(always)]
    fn right<'a>(self, outputs: impl Iterator<Item = &'a [f32]>, depth: usize) -> Self::Right {
        let mut values = Vec::new();
        pack_outputs(outputs, depth, &mut values);
        PackedFactor { values, depth }
    }

    #[inline(always)]
    fn right_by_depth<'a>(
        self,
        rows: impl Iterator<Item = &'a [f32]>,
        depth: usize,
        outputs: usize,
    ) -> Self::Right {
        let mut values = vec![PanelRow::ZERO; outputs.div_ceil(WIDTH) * depth];
        for (at, row) in rows.enumerate() {
            for (panel, part) in row.chunks(WIDTH).enumerate() {
                values[panel * depth + at].0[..part.len()].copy_from_slice(part);
            }
        }
        PackedFactor { values, depth }
    }

    #[inline(always)]
    fn products<S: Simd>(
        self,
        simd: S,
        left: &Self::Left,
        right: &Self::Right,
        outputs: Range<usize>,
        out: &mut [f32],
        width: usize,
    ) {
        left.times(simd, right.panels(outputs), out, width);
    }

    #[inline(always)]
    fn partial_products<S: Simd>(
        self,
        simd: S,
        left: &Self::Left,
        right: &Self::Right,
        from: usize,
        out: &mut [f32],
        width: usize,
    ) {
        left.times(simd, right.parts(from..from + left.depth), out, width);
    }
}

/// Factors rounded to bf16, sums in f32: the fastest. For activations that were rounded before, to
/// bf16 too or to 8 bits, which moves a value about five times as far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bf16Factors(());

impl Bf16Factors {
    /// `None` where the processor has no instructions for products of bf16.
    pub(crate) fn new() -> Option<Self> {
        (Bf16::engine() != Engine::Portable).then_some(Self(()))
    }
}

impl Default for PackedRows<Bf16> {
    fn default() -> Self {
        Self::new(Bf16::engine(), 1)
    }
}

/// Products of the rows with panels of the same depth. `out`: `[rows, width]`
#[inline(always)]
fn times<'a>(
    left: &PackedRows<Bf16>,
    panels: impl Iterator<Item = &'a [PanelLanes]>,
    out: &mut [f32],
    width: usize,
) {
    left.products(panels, |first, panel, sums| {
        for (out, sums) in out.chunks_exact_mut(width).skip(first).zip(sums) {
            out[panel * WIDTH..][..WIDTH].copy_from_slice(sums);
        }
    });
}

impl Arithmetic for Bf16Factors {
    type Left = PackedRows<Bf16>;
    type Right = PackedFactor<PanelLanes>;

    fn block(self) -> usize {
        match Bf16::engine() {
            Engine::Amx => 32,
            _ => 48,
        }
    }

    #[inline(always)]
    fn left<'a>(self, rows: impl Iterator<Item = &'a [f32]>, depth: usize, left: &mut Self::Left) {
        bf16::pack_rows(rows, depth, left);
    }

    #[inline(always)]
    fn right<'a>(self, outputs: impl Iterator<Item = &'a [f32]>, depth: usize) -> Self::Right {
        let depth = padded(depth.div_ceil(2));
        let mut values = Vec::new();
        let mut halves = vec![0u16; 2 * depth];
        for (at, output) in outputs.enumerate() {
            if at % WIDTH == 0 {
                values.resize(values.len() + depth, PanelLanes::ZERO);
            }
            let panel = values.len() - depth;
            bf16::put_output(output, at % WIDTH, &mut values[panel..], &mut halves);
        }
        PackedFactor { values, depth }
    }

    #[inline(always)]
    fn right_by_depth<'a>(
        self,
        mut rows: impl Iterator<Item = &'a [f32]>,
        depth: usize,
        outputs: usize,
    ) -> Self::Right {
        let depth = padded(depth.div_ceil(2));
        let mut values = vec![PanelLanes::ZERO; outputs.div_ceil(WIDTH) * depth];
        // A lane has the values of two rows.
        let zeros = vec![0.0; outputs];
        let mut at = 0;
        while let Some(first) = rows.next() {
            let second = rows.next().unwrap_or(&zeros);
            let parts = first.chunks(WIDTH).zip(second.chunks(WIDTH));
            for (panel, (first, second)) in parts.enumerate() {
                let lanes = &mut values[panel * depth + at].0;
                for (lane, (first, second)) in lanes.iter_mut().zip(first.iter().zip(second)) {
                    let both = u32::from(math::bf16(*first)) | u32::from(math::bf16(*second)) << 16;
                    *lane = both.to_le_bytes();
                }
            }
            at += 1;
        }
        PackedFactor { values, depth }
    }

    #[inline(always)]
    fn products<S: Simd>(
        self,
        _: S,
        left: &Self::Left,
        right: &Self::Right,
        outputs: Range<usize>,
        out: &mut [f32],
        width: usize,
    ) {
        times(left, right.panels(outputs), out, width);
    }

    #[inline(always)]
    fn partial_products<S: Simd>(
        self,
        _: S,
        left: &Self::Left,
        right: &Self::Right,
        from: usize,
        out: &mut [f32],
        width: usize,
    ) {
        // A lane has two of the depth, and whole panels' depths are multiples of 16 lanes.
        let depth = from / 2..from / 2 + left.depth();
        times(left, right.parts(depth), out, width);
    }
}
