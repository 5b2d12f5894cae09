//! How the products of an attention head are computed: in f32, or from factors rounded to bf16.

use pulp::Simd;

use crate::kernels::cpu::dot;
use crate::kernels::cpu::dot::{Bf16, Engine, Kind, Left, Unit};
use crate::kernels::cpu::math::bf16;
use crate::kernels::cpu::micro_kernel::{
    Column, Line, ROWS, WIDTH, multiply, pack_outputs, pack_rows,
};

/// A layout of both factors, and their product.
pub trait Arithmetic: Copy + Send + Sync {
    /// Rows of the left factor, packed.
    type Left: Default + Send + Sync;
    /// Outputs of the right factor, packed.
    type Right: Send + Sync;

    /// Queries of a block: whole groups, and a multiple of [`super::positional::LANES`]. The scores
    /// of 48 queries against 2,048 keys are 384 KiB.
    fn block(self) -> usize;

    /// Packs rows of `depth` values anew.
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

    /// Products of the left factor's rows with the right factor's outputs from `output`, a multiple
    /// of [`WIDTH`], on: as many as there are and as have a place in `out`, `[rows, width]`.
    fn products<S: Simd>(
        self,
        simd: S,
        left: &Self::Left,
        right: &Self::Right,
        output: usize,
        out: &mut [f32],
        width: usize,
    );
}

/// f32 throughout.
#[derive(Debug, Clone, Copy)]
pub struct F32;

/// Packed factors with the values of a row or an output.
#[derive(Debug)]
pub struct Packed<T> {
    values: Vec<T>,
    depth: usize,
}

impl<T> Default for Packed<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            depth: 1,
        }
    }
}

impl<T> Packed<T> {
    /// From an output on that begins a panel.
    fn from(&self, output: usize) -> &[T] {
        &self.values[(output / WIDTH * self.depth).min(self.values.len())..]
    }
}

impl Arithmetic for F32 {
    type Left = Packed<Column>;
    type Right = Packed<Line>;

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
        Packed { values, depth }
    }

    #[inline(always)]
    fn right_by_depth<'a>(
        self,
        rows: impl Iterator<Item = &'a [f32]>,
        depth: usize,
        outputs: usize,
    ) -> Self::Right {
        let mut values = vec![Line::ZERO; outputs.div_ceil(WIDTH) * depth];
        for (at, row) in rows.enumerate() {
            for (panel, part) in row.chunks(WIDTH).enumerate() {
                values[panel * depth + at].0[..part.len()].copy_from_slice(part);
            }
        }
        Packed { values, depth }
    }

    #[inline(always)]
    fn products<S: Simd>(
        self,
        simd: S,
        left: &Self::Left,
        right: &Self::Right,
        output: usize,
        out: &mut [f32],
        width: usize,
    ) {
        let panels = right.from(output).chunks_exact(right.depth);
        for (lines, from) in panels.zip((0..width).step_by(WIDTH)) {
            for (columns, out) in left
                .values
                .chunks_exact(left.depth)
                .zip(out.chunks_mut(ROWS * width))
            {
                let tile = multiply(simd, columns, lines);
                for (out, sums) in out.chunks_exact_mut(width).zip(&tile) {
                    out[from..from + WIDTH].copy_from_slice(&sums.0);
                }
            }
        }
    }
}

/// Factors rounded to bf16, sums in f32: the fastest where activations have gone through 8 bits
/// anyway, which moves a value about five times as far.
#[derive(Debug, Clone, Copy)]
pub struct Bf16Factors(());

impl Bf16Factors {
    /// Where the processor has products of bf16.
    pub fn new() -> Option<Self> {
        (Bf16::engine() != Engine::Portable).then_some(Self(()))
    }
}

impl Default for Left<Bf16> {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Arithmetic for Bf16Factors {
    type Left = Left<Bf16>;
    type Right = Packed<dot::Line>;

    fn block(self) -> usize {
        match Bf16::engine() {
            Engine::Amx => 32,
            _ => 48,
        }
    }

    #[inline(always)]
    fn left<'a>(self, rows: impl Iterator<Item = &'a [f32]>, depth: usize, left: &mut Self::Left) {
        left.clear(depth.div_ceil(2));
        let mut halves = vec![0u16; depth.next_multiple_of(2)];
        for row in rows {
            to_bf16(row, &mut halves);
            left.push(bytemuck::cast_slice(&halves));
        }
    }

    #[inline(always)]
    fn right<'a>(self, outputs: impl Iterator<Item = &'a [f32]>, depth: usize) -> Self::Right {
        let depth = dot::padded(depth.div_ceil(2));
        let mut values = Vec::new();
        let mut halves = vec![0u16; 2 * depth];
        for (at, output) in outputs.enumerate() {
            if at % WIDTH == 0 {
                values.resize(values.len() + depth, dot::Line::ZERO);
            }
            let panel = values.len() - depth;
            to_bf16(output, &mut halves);
            for (line, unit) in values[panel..]
                .iter_mut()
                .zip(bytemuck::cast_slice::<_, Unit>(&halves))
            {
                line.0[at % WIDTH] = *unit;
            }
        }
        Packed { values, depth }
    }

    #[inline(always)]
    fn right_by_depth<'a>(
        self,
        rows: impl Iterator<Item = &'a [f32]>,
        depth: usize,
        outputs: usize,
    ) -> Self::Right {
        let depth = dot::padded(depth.div_ceil(2));
        let mut values = vec![dot::Line::ZERO; outputs.div_ceil(WIDTH) * depth];
        for (at, row) in rows.enumerate() {
            for (panel, part) in row.chunks(WIDTH).enumerate() {
                let line = &mut values[panel * depth + at / 2].0;
                for (unit, value) in line.iter_mut().zip(part) {
                    unit[at % 2 * 2..][..2].copy_from_slice(&bf16(*value).to_le_bytes());
                }
            }
        }
        Packed { values, depth }
    }

    #[inline(always)]
    fn products<S: Simd>(
        self,
        _: S,
        left: &Self::Left,
        right: &Self::Right,
        output: usize,
        out: &mut [f32],
        width: usize,
    ) {
        let lines = right.from(output);
        let lines = &lines[..lines.len().min(width / WIDTH * right.depth)];
        left.products(lines, |first, panel, sums| {
            for (out, sums) in out.chunks_exact_mut(width).skip(first).zip(sums) {
                out[panel * WIDTH..][..WIDTH].copy_from_slice(sums);
            }
        });
    }
}

/// The first so many values, rounded.
#[inline(always)]
fn to_bf16(values: &[f32], halves: &mut [u16]) {
    for (half, value) in halves.iter_mut().zip(values) {
        *half = bf16(*value);
    }
}
