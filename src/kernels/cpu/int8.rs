//! LLM.int8() (Dettmers et al., arXiv:2208.07339) as bitsandbytes computes it: how the published
//! tables were measured, and the fastest product of this crate.
//!
//! Weights are rounded to 8 bits per output row, activations per token row. Activations of
//! magnitude 6 and more stay out of the integer product and meet the 8-bit weights in half
//! precision. Inputs and results are rounded to half precision, as they are there. The integer sums
//! are exact, so every processor gives the same bits.

use rayon::prelude::*;

use crate::kernels::activation::Activation;
use crate::kernels::cpu::dot;
use crate::kernels::cpu::dot::{Int8, Kind, Left, Line};
use crate::kernels::cpu::linear::{Epilogue, by_rows};
use crate::kernels::cpu::math;
use crate::kernels::cpu::math::half;
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::support::error::Result;

/// bitsandbytes' default threshold, which `rewardbench` keeps.
const OUTLIER: f32 = 6.0;
/// What its CPU operator multiplies with; 1 / 127² would be 6.200012e-5.
const UNSCALE: f32 = 6.200_124e-5;
/// Bytes of packed rows that a thread works on: half of a second-level cache.
const BLOCK: usize = 400_000;

/// Over which token rows a column is an outlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outliers {
    /// Each row has its own: results do not depend on the batch.
    ByRow,
    /// A column with an outlier anywhere in the batch is one for all of its rows, as upstream.
    ByBatch,
}

/// A weight matrix `[output, input]` in 8 bits, in panels of [`WIDTH`] outputs.
#[derive(Debug)]
pub struct Int8Panels {
    /// `[panels, input / 4]`, filled up to what [`dot::padded`] says.
    lines: Vec<Line>,
    /// Largest magnitude of each output's weights, `[panels · WIDTH]`.
    scales: Vec<f32>,
    input: usize,
    output: usize,
    outliers: Outliers,
    /// Magnitude from which on an activation is an outlier.
    threshold: f32,
}

impl Int8Panels {
    /// Panel by panel in parallel; `read` fills in `[outputs, input]` from the given output on.
    pub fn pack(
        output: usize,
        input: usize,
        outliers: Outliers,
        read: impl Fn(usize, &mut [f32]) -> Result<()> + Sync,
    ) -> Result<Self> {
        let depth = dot::padded(input.div_ceil(4));
        let panels = output.div_ceil(WIDTH);
        let mut lines = vec![Line([[128; 4]; WIDTH]); panels * depth];
        let mut scales = vec![0f32; panels * WIDTH];
        lines
            .par_chunks_mut(depth.max(1))
            .zip(scales.par_chunks_mut(WIDTH))
            .enumerate()
            .try_for_each(|(panel, (lines, scales))| {
                let first = panel * WIDTH;
                let mut rows = vec![0f32; WIDTH.min(output - first) * input];
                read(first, &mut rows)?;
                for (at, row) in rows.chunks_exact_mut(input).enumerate() {
                    for value in row.iter_mut() {
                        *value = half(*value);
                    }
                    scales[at] = row.iter().fold(0.0, |most, v| v.abs().max(most));
                    let factor = factor(scales[at]);
                    for (i, value) in row.iter().enumerate() {
                        lines[i / 4].0[at][i % 4] =
                            quantise(*value, factor).wrapping_add(-128).cast_unsigned();
                    }
                }
                Ok(())
            })?;
        Ok(Self {
            lines,
            scales,
            input,
            output,
            outliers,
            threshold: OUTLIER,
        })
    }

    pub fn output(&self) -> usize {
        self.output
    }

    pub fn outliers(&self) -> Outliers {
        self.outliers
    }

    /// Units of a panel.
    fn depth(&self) -> usize {
        dot::padded(self.input.div_ceil(4))
    }

    /// An 8-bit weight.
    fn weight(&self, output: usize, input: usize) -> f32 {
        let line = &self.lines[output / WIDTH * self.depth() + input / 4];
        f32::from(line.0[output % WIDTH][input % 4]) - 128.0
    }
}

/// 127 / scale; 0 for a row of zeros.
fn factor(scale: f32) -> f32 {
    if scale > 0.0 { 127.0 / scale } else { 0.0 }
}

/// To the nearest integer, halves to the even one; the factor brings it to at most 127. A sum with
/// 1.5 · 2²³ is an integer, whose lowest byte is the one looked for.
#[inline(always)]
fn quantise(value: f32, factor: f32) -> i8 {
    (value * factor + 12_582_912.0).to_bits().to_le_bytes()[0].cast_signed()
}

/// `x`: `[rows, input]` → `[rows, output]`, on all threads.
pub fn product(x: &[f32], weights: &Int8Panels, epilogue: &Epilogue) -> Vec<f32> {
    let shared = (weights.outliers == Outliers::ByBatch).then(|| {
        let mut columns = vec![false; weights.input];
        for row in x.chunks_exact(weights.input) {
            columns
                .iter_mut()
                .zip(row)
                .for_each(|(column, v)| *column |= half(*v).abs() >= weights.threshold);
        }
        columns
    });
    let group = Int8::engine().rows();
    by_rows(
        x,
        weights.input,
        weights.output,
        (BLOCK / weights.input).max(group),
        group,
        |x, out| {
            let rows = Rows::quantise(x, weights.input, weights.threshold, shared.as_deref());
            rows.integers
                .products(&weights.lines, |first, panel, sums| {
                    finish(sums, &rows, first, weights, panel, epilogue, out)
                });
        },
    )
}

/// Token rows in 8 bits.
struct Rows {
    integers: Left<Int8>,
    /// Largest magnitude of each row that is not an outlier.
    scales: Vec<f32>,
    /// Sum of each row's integers, times 128.
    raised: Vec<i32>,
    /// Each row's outlier columns with their values.
    outliers: Vec<Vec<(usize, f32)>>,
}

impl Rows {
    /// `x`: `[rows, input]`; `shared`: the columns that are outliers for every row.
    fn quantise(x: &[f32], input: usize, threshold: f32, shared: Option<&[bool]>) -> Self {
        let count = x.len() / input;
        let mut rows = Self {
            integers: Left::new(input.div_ceil(4)),
            scales: Vec::with_capacity(count),
            raised: Vec::with_capacity(count),
            outliers: Vec::with_capacity(count),
        };
        let (mut values, mut integers) = (vec![0f32; input], vec![0u8; input.next_multiple_of(4)]);
        for row in x.chunks_exact(input) {
            let (scale, any) = pulp::Arch::new().dispatch(ToHalf {
                row,
                threshold,
                values: &mut values,
            });
            let is_outlier =
                |i: usize, v: f32| shared.map_or(v.abs() >= threshold, |columns| columns[i]);
            let outliers: Vec<(usize, f32)> = if any || shared.is_some() {
                values
                    .iter()
                    .enumerate()
                    .filter(|(i, v)| is_outlier(*i, **v))
                    .map(|(i, v)| (i, *v))
                    .collect()
            } else {
                Vec::new()
            };
            for (i, _) in &outliers {
                values[*i] = 0.0;
            }
            let sum = pulp::Arch::new().dispatch(ToIntegers {
                values: &values,
                factor: factor(scale),
                integers: &mut integers,
            });
            rows.integers.push(integers.as_chunks::<4>().0);
            rows.scales.push(scale);
            rows.raised.push(128 * sum);
            rows.outliers.push(outliers);
        }
        rows
    }
}

/// Rounds to half precision → the largest magnitude below the threshold, and whether any is above.
///
/// A type and not a closure, as all loops here, so that it is inlined into the function that is
/// compiled for the processor's widest instructions.
struct ToHalf<'a> {
    row: &'a [f32],
    threshold: f32,
    values: &'a mut [f32],
}

impl pulp::NullaryFnOnce for ToHalf<'_> {
    type Output = (f32, bool);

    #[inline(always)]
    fn call(self) -> (f32, bool) {
        for (value, v) in self.values.iter_mut().zip(self.row) {
            *value = half(*v);
        }
        let larger = |a: f32, b: f32| if b > a { b } else { a };
        let scale = math::in_lanes(self.values, 0.0, |a, b| {
            larger(
                a,
                if b.abs() < self.threshold {
                    b.abs()
                } else {
                    0.0
                },
            )
        });
        (
            scale,
            math::in_lanes(self.values, 0.0, |a, b| larger(a, b.abs())) >= self.threshold,
        )
    }
}

/// → the sum of the integers.
struct ToIntegers<'a> {
    values: &'a [f32],
    factor: f32,
    integers: &'a mut [u8],
}

impl pulp::NullaryFnOnce for ToIntegers<'_> {
    type Output = i32;

    #[inline(always)]
    fn call(self) -> i32 {
        for (to, v) in self.integers.iter_mut().zip(self.values) {
            *to = quantise(*v, self.factor).cast_unsigned();
        }
        self.integers
            .iter()
            .map(|v| i32::from(v.cast_signed()))
            .sum()
    }
}

/// Sums → half-precision results of a group of rows and a panel, in `out[rows, output]`.
fn finish(
    sums: &[[i32; WIDTH]],
    rows: &Rows,
    first: usize,
    weights: &Int8Panels,
    panel: usize,
    epilogue: &Epilogue,
    out: &mut [f32],
) {
    let from = panel * WIDTH;
    let wide = WIDTH.min(weights.output - from);
    let scales = &weights.scales[from..from + wide];
    let bias = epilogue
        .bias
        .as_deref()
        .map(|bias| &bias[from..from + wide]);
    for ((row, out), sums) in out
        .chunks_exact_mut(weights.output)
        .enumerate()
        .skip(first)
        .zip(sums)
    {
        let out = &mut out[from..from + wide];
        let (scale, raised, outliers) = (rows.scales[row], rows.raised[row], &rows.outliers[row]);
        pulp::Arch::new().dispatch(Unscale {
            sums,
            raised,
            scale,
            scales,
            bias,
            out: &mut *out,
        });
        if !outliers.is_empty() {
            for (o, (out, scale)) in out.iter_mut().zip(scales).enumerate() {
                let part: f32 = outliers
                    .iter()
                    .map(|(i, v)| v * half(weights.weight(from + o, *i) * scale * (1.0 / 127.0)))
                    .sum();
                *out = half(*out + part);
            }
        }
        if epilogue.activation == Some(Activation::Gelu) {
            pulp::Arch::new().dispatch(HalfGelu(out));
        }
    }
}

/// One row's integer sums → half-precision results, outliers aside.
struct Unscale<'a> {
    sums: &'a [i32; WIDTH],
    raised: i32,
    scale: f32,
    /// Of the outputs' weights.
    scales: &'a [f32],
    bias: Option<&'a [f32]>,
    out: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Unscale<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for ((out, sum), weight) in self.out.iter_mut().zip(self.sums).zip(self.scales) {
            #[expect(
                clippy::cast_precision_loss,
                reason = "upstream converts the integer sum to f32, too"
            )]
            let sum = (sum - self.raised) as f32;
            *out = sum * (self.scale * weight) * UNSCALE;
        }
        if let Some(bias) = self.bias {
            for (out, bias) in self.out.iter_mut().zip(bias) {
                *out += half(*bias);
            }
        }
        for value in self.out {
            *value = half(*value);
        }
    }
}

struct HalfGelu<'a>(&'a mut [f32]);

impl pulp::NullaryFnOnce for HalfGelu<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for value in self.0 {
            *value = half(math::gelu(*value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;
    use safetensors::SafeTensors;

    /// What bitsandbytes' CPU operators computed, with and without outliers.
    #[test]
    fn the_recorded_linear_layer_bit_for_bit() {
        let file = include_bytes!("../../../tests/data/golden/int8.safetensors");
        let file = SafeTensors::deserialize(file).unwrap();
        let halves = |name: &str| -> Vec<f32> {
            file.tensor(name)
                .unwrap()
                .data()
                .as_chunks::<2>()
                .0
                .iter()
                .map(|b| f16::from_le_bytes(*b).to_f32())
                .collect()
        };
        let floats = |name: &str| -> Vec<f32> {
            file.tensor(name)
                .unwrap()
                .data()
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b))
                .collect()
        };
        let integers = |name: &str| -> Vec<i8> {
            file.tensor(name)
                .unwrap()
                .data()
                .iter()
                .map(|b| b.cast_signed())
                .collect()
        };
        let (x, w, bias) = (halves("x"), halves("w"), halves("b"));
        let (input, output) = (48, 20);
        let read = |first: usize, rows: &mut [f32]| {
            rows.copy_from_slice(&w[first * input..][..rows.len()]);
            Ok(())
        };
        let mut weights = Int8Panels::pack(output, input, Outliers::ByBatch, read).unwrap();
        for (at, expected) in integers("w_int8").into_iter().enumerate() {
            assert!(
                (weights.weight(at / input, at % input) - f32::from(expected)).abs() < 0.5,
                "weight {at}"
            );
        }
        assert_eq!(weights.scales[..output], floats("w_scale"));
        let epilogue = Epilogue {
            bias: Some(bias.into()),
            activation: None,
        };
        for (label, threshold, columns) in [
            ("plain", f32::INFINITY, vec![]),
            ("mixed", OUTLIER, vec![5, 17]),
        ] {
            weights.threshold = threshold;
            let shared: Vec<bool> = (0..input).map(|i| columns.contains(&i)).collect();
            let rows = Rows::quantise(&x, input, threshold, Some(&shared));
            assert_eq!(rows.scales, floats(&format!("{label}_x_scale")), "{label}");
            for (at, expected) in integers(&format!("{label}_x_int8")).into_iter().enumerate() {
                let (row, i) = (at / input, at % input);
                assert_eq!(
                    rows.integers.unit(row, i / 4)[i % 4].cast_signed(),
                    expected,
                    "{label} row {row} column {i}"
                );
            }
            assert_eq!(
                product(&x, &weights, &epilogue),
                halves(&format!("{label}_y")),
                "{label}"
            );
        }
    }
}
