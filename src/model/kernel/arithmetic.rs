//! How the products of an attention head are computed: in f32, or from factors rounded to bf16.

use pulp::Simd;

use super::math::bf16;
use super::short::{self, Bf16, Engine, Kind, Left, Unit};
use super::tile::{Column, Line, ROWS, WIDTH, multiply, pack_outputs, pack_rows};

/// A layout of both factors, and their product.
pub trait Arithmetic: Copy + Send + Sync {
    /// Rows of the left factor, packed.
    type Left: Default + Send + Sync;
    /// Outputs of the right factor, packed.
    type Right: Send + Sync;

    /// Rows that a block has at best: whole groups of them.
    fn block(self) -> usize;

    /// Packs rows of `depth` values anew.
    fn left<'a>(self, rows: impl Iterator<Item = &'a [f32]>, depth: usize, left: &mut Self::Left);

    /// Packs a matrix `[outputs, depth]`.
    fn right<'a>(self, outputs: impl Iterator<Item = &'a [f32]>, depth: usize) -> Self::Right;

    /// Packs a matrix that lies as `[depth, outputs]`.
    fn right_by_depth<'a>(self, rows: impl Iterator<Item = &'a [f32]>, depth: usize, outputs: usize) -> Self::Right;

    /// Products of the left factor's rows from `row` on with the right factor's outputs from `output` on, as many as
    /// there are and as have a place in `out`, `[rows, width]`. `row` and `output` are multiples of [`STEP`].
    fn products<S: Simd>(self, simd: S, left: &Self::Left, row: usize, right: &Self::Right, output: usize, out: &mut [f32], width: usize);
}

/// Rows or outputs that are whole groups and whole panels in every arithmetic.
pub const STEP: usize = 96;

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
        Self { values: Vec::new(), depth: 1 }
    }
}

impl<T> Packed<T> {
    /// From a row or an output on that begins a group or a panel of so many.
    fn from(&self, at: usize, group: usize) -> &[T] {
        &self.values[(at / group * self.depth).min(self.values.len())..]
    }
}

impl Arithmetic for F32 {
    type Left = Packed<Column>;
    type Right = Packed<Line>;

    fn block(self) -> usize {
        3 * ROWS
    }

    fn left<'a>(self, rows: impl Iterator<Item = &'a [f32]>, depth: usize, left: &mut Self::Left) {
        left.values.clear();
        left.depth = depth;
        pack_rows(rows, depth, &mut left.values);
    }

    fn right<'a>(self, outputs: impl Iterator<Item = &'a [f32]>, depth: usize) -> Self::Right {
        let mut values = Vec::new();
        pack_outputs(outputs, depth, &mut values);
        Packed { values, depth }
    }

    fn right_by_depth<'a>(self, rows: impl Iterator<Item = &'a [f32]>, depth: usize, outputs: usize) -> Self::Right {
        let mut values = vec![Line::ZERO; outputs.div_ceil(WIDTH) * depth];
        for (at, row) in rows.enumerate() {
            for (panel, part) in row.chunks(WIDTH).enumerate() {
                values[panel * depth + at].0[..part.len()].copy_from_slice(part);
            }
        }
        Packed { values, depth }
    }

    #[inline(always)]
    fn products<S: Simd>(self, simd: S, left: &Self::Left, row: usize, right: &Self::Right, output: usize, out: &mut [f32], width: usize) {
        let panels = right.from(output, WIDTH).chunks_exact(right.depth);
        for (lines, from) in panels.zip((0..width).step_by(WIDTH)) {
            for (columns, out) in left.from(row, ROWS).chunks_exact(left.depth).zip(out.chunks_mut(ROWS * width)) {
                let tile = multiply(simd, columns, lines);
                for (out, sums) in out.chunks_exact_mut(width).zip(&tile) {
                    out[from..from + WIDTH].copy_from_slice(&sums.0);
                }
            }
        }
    }
}

/// Factors rounded to bf16, sums in f32: the fastest where activations have gone through 8 bits anyway, which moves
/// a value about five times as far.
#[derive(Debug, Clone, Copy)]
pub struct Bf16Factors(());

impl Bf16Factors {
    /// Where the processor has products of bf16.
    pub fn new() -> Option<Self> {
        (Bf16::engine() != Engine::Portable).then_some(Self(()))
    }
}

/// Rows of bf16.
pub struct Rows {
    left: Left<Bf16>,
    row: Vec<Unit>,
}

impl Default for Rows {
    fn default() -> Self {
        Self { left: Left::new(1), row: Vec::new() }
    }
}

impl Arithmetic for Bf16Factors {
    type Left = Rows;
    type Right = Packed<short::Line>;

    fn block(self) -> usize {
        Bf16::engine().rows().max(24)
    }

    fn left<'a>(self, rows: impl Iterator<Item = &'a [f32]>, depth: usize, left: &mut Self::Left) {
        left.left.clear(depth.div_ceil(2));
        for row in rows {
            left.row.clear();
            let (pairs, rest) = row.as_chunks::<2>();
            left.row.extend(pairs.iter().map(|[a, b]| unit(*a, *b)).chain(rest.iter().map(|a| unit(*a, 0.0))));
            left.left.push(&left.row);
        }
    }

    fn right<'a>(self, outputs: impl Iterator<Item = &'a [f32]>, depth: usize) -> Self::Right {
        let depth = short::padded(depth.div_ceil(2));
        let mut values = Vec::new();
        for (at, output) in outputs.enumerate() {
            if at % WIDTH == 0 {
                values.resize(values.len() + depth, short::Line::ZERO);
            }
            let panel = values.len() - depth;
            for (line, pair) in values[panel..].iter_mut().zip(output.chunks(2)) {
                line.0[at % WIDTH] = unit(pair[0], pair.get(1).copied().unwrap_or(0.0));
            }
        }
        Packed { values, depth }
    }

    fn right_by_depth<'a>(self, rows: impl Iterator<Item = &'a [f32]>, depth: usize, outputs: usize) -> Self::Right {
        let depth = short::padded(depth.div_ceil(2));
        let mut values = vec![short::Line::ZERO; outputs.div_ceil(WIDTH) * depth];
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
    fn products<S: Simd>(self, _: S, left: &Self::Left, row: usize, right: &Self::Right, output: usize, out: &mut [f32], width: usize) {
        let lines = right.from(output, WIDTH);
        let lines = &lines[..lines.len().min(width / WIDTH * right.depth)];
        left.left.part(row, out.len() / width).products(lines, |first, panel, sums| {
            for (out, sums) in out.chunks_exact_mut(width).skip(first).zip(sums) {
                out[panel * WIDTH..][..WIDTH].copy_from_slice(sums);
            }
        });
    }
}

/// Two values as bf16.
#[inline(always)]
fn unit(a: f32, b: f32) -> Unit {
    (u32::from(bf16(a)) | u32::from(bf16(b)) << 16).to_le_bytes()
}
