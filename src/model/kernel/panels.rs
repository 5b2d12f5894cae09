//! Weights in the order in which the product reads them.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use super::tile::{Line, WIDTH};

/// As [`Line`], at two bytes a weight.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct HalfLine([u16; WIDTH]);

/// How weights lie in memory. Arithmetic is f32: half precision is widened, exactly, as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    F32,
    F16,
    Bf16,
}

#[derive(Debug)]
enum Lines {
    F32(Vec<Line>),
    F16(Vec<HalfLine>),
    Bf16(Vec<HalfLine>),
}

/// A weight matrix `[output, input]` cut into panels of [`WIDTH`] outputs, each `[input, WIDTH]`; the
/// last one is filled up with zeros.
#[derive(Debug)]
pub struct Panels {
    lines: Lines,
    input: usize,
    output: usize,
}

impl Panels {
    /// `weights`: `[output, input]`, row-major.
    pub fn pack(weights: &[f32], output: usize, input: usize, storage: Storage) -> Self {
        assert_eq!(weights.len(), output * input, "a matrix of this size");
        let lines = match storage {
            Storage::F32 => Lines::F32(transpose(weights, output, input, |v| v, Line)),
            Storage::F16 => Lines::F16(transpose(weights, output, input, |v| f16::from_f32(v).to_bits(), HalfLine)),
            Storage::Bf16 => Lines::Bf16(transpose(weights, output, input, |v| bf16::from_f32(v).to_bits(), HalfLine)),
        };
        Self { lines, input, output }
    }

    pub fn input(&self) -> usize {
        self.input
    }

    pub fn output(&self) -> usize {
        self.output
    }

    pub fn count(&self) -> usize {
        self.output.div_ceil(WIDTH)
    }

    /// Inputs `range` of panel `at`, as they lie or widened into `buffer`.
    pub fn lines<'a>(&'a self, at: usize, range: std::ops::Range<usize>, buffer: &'a mut Vec<Line>) -> &'a [Line] {
        let (start, end) = (at * self.input + range.start, at * self.input + range.end);
        match &self.lines {
            Lines::F32(lines) => &lines[start..end],
            Lines::F16(lines) => widen(&lines[start..end], buffer, |from, to| bits::<f16>(from).convert_to_f32_slice(to)),
            Lines::Bf16(lines) => widen(&lines[start..end], buffer, |from, to| bits::<bf16>(from).convert_to_f32_slice(to)),
        }
    }
}

fn bits<T: bytemuck::Pod>(line: &[u16; WIDTH]) -> &[T] {
    bytemuck::cast_slice(line)
}

fn widen<'a>(lines: &[HalfLine], buffer: &'a mut Vec<Line>, convert: impl Fn(&[u16; WIDTH], &mut [f32; WIDTH])) -> &'a [Line] {
    buffer.resize(lines.len(), Line::ZERO);
    for (from, to) in lines.iter().zip(buffer.iter_mut()) {
        convert(&from.0, &mut to.0);
    }
    buffer
}

fn transpose<T: Copy + Default, L>(weights: &[f32], output: usize, input: usize, convert: impl Fn(f32) -> T, line: impl Fn([T; WIDTH]) -> L) -> Vec<L> {
    let mut lines = Vec::with_capacity(output.div_ceil(WIDTH) * input);
    for first in (0..output).step_by(WIDTH) {
        let outputs: Vec<&[f32]> = weights[first * input..].chunks_exact(input).take(WIDTH).collect();
        for i in 0..input {
            let mut values = [T::default(); WIDTH];
            for (value, row) in values.iter_mut().zip(&outputs) {
                *value = convert(row[i]);
            }
            lines.push(line(values));
        }
    }
    lines
}
