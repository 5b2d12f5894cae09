//! Weights in the order in which the product reads them.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use rayon::prelude::*;

use crate::kernels::cpu::micro_kernel::{Line, WIDTH};
use crate::support::error::Result;

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

/// A weight matrix `[output, input]` cut into panels of [`WIDTH`] outputs, each `[input, WIDTH]`;
/// the last one is filled up with zeros.
#[derive(Debug)]
pub struct Panels {
    lines: Lines,
    input: usize,
    output: usize,
}

impl Panels {
    /// Panel by panel in parallel; `read` fills in `[outputs, input]` from the given output on.
    pub fn pack(
        output: usize,
        input: usize,
        storage: Storage,
        read: impl Fn(usize, &mut [f32]) -> Result<()> + Sync,
    ) -> Result<Self> {
        let lines = match storage {
            Storage::F32 => Lines::F32(transpose(
                output,
                input,
                read,
                Line::ZERO,
                |line, at, v| line.0[at] = v,
            )?),
            Storage::F16 => Lines::F16(transpose(
                output,
                input,
                read,
                HalfLine([0; WIDTH]),
                |line, at, v| line.0[at] = f16::from_f32(v).to_bits(),
            )?),
            Storage::Bf16 => Lines::Bf16(transpose(
                output,
                input,
                read,
                HalfLine([0; WIDTH]),
                |line, at, v| line.0[at] = bf16::from_f32(v).to_bits(),
            )?),
        };
        Ok(Self {
            lines,
            input,
            output,
        })
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
    pub fn lines<'a>(
        &'a self,
        at: usize,
        range: std::ops::Range<usize>,
        buffer: &'a mut Vec<Line>,
    ) -> &'a [Line] {
        let (start, end) = (at * self.input + range.start, at * self.input + range.end);
        match &self.lines {
            Lines::F32(lines) => &lines[start..end],
            Lines::F16(lines) => widen(&lines[start..end], buffer, |from, to| {
                bits::<f16>(from).convert_to_f32_slice(to)
            }),
            Lines::Bf16(lines) => widen(&lines[start..end], buffer, |from, to| {
                bits::<bf16>(from).convert_to_f32_slice(to)
            }),
        }
    }
}

fn bits<T: bytemuck::Pod>(line: &[u16; WIDTH]) -> &[T] {
    bytemuck::cast_slice(line)
}

fn widen<'a>(
    lines: &[HalfLine],
    buffer: &'a mut Vec<Line>,
    convert: impl Fn(&[u16; WIDTH], &mut [f32; WIDTH]),
) -> &'a [Line] {
    buffer.resize(lines.len(), Line::ZERO);
    for (from, to) in lines.iter().zip(buffer.iter_mut()) {
        convert(&from.0, &mut to.0);
    }
    buffer
}

fn transpose<L: Copy + Send>(
    output: usize,
    input: usize,
    read: impl Fn(usize, &mut [f32]) -> Result<()> + Sync,
    zero: L,
    put: impl Fn(&mut L, usize, f32) + Sync,
) -> Result<Vec<L>> {
    let mut lines = vec![zero; output.div_ceil(WIDTH) * input];
    lines
        .par_chunks_mut(input.max(1))
        .enumerate()
        .try_for_each(|(panel, lines)| {
            let first = panel * WIDTH;
            let mut rows = vec![0f32; WIDTH.min(output - first) * input];
            read(first, &mut rows)?;
            for (at, row) in rows.chunks_exact(input).enumerate() {
                lines
                    .iter_mut()
                    .zip(row)
                    .for_each(|(line, value)| put(line, at, *value));
            }
            Ok(())
        })?;
    Ok(lines)
}
