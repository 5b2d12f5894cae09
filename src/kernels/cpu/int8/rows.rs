//! Activations in 8 bits.

use std::borrow::Borrow;

use crate::kernels::cpu::dot::{Engine, Int8, PackedRows};
use crate::kernels::cpu::dot_layer::{IntegerRows, Rounding};
use crate::kernels::cpu::int8::quantise::factor;
use crate::kernels::cpu::math;
use crate::kernels::cpu::math::half;

/// Token rows in 8 bits.
pub(crate) struct QuantisedRows {
    pub(super) integers: IntegerRows,
    /// Largest magnitude of each row below the outliers.
    pub(super) scales: Vec<f32>,
    /// Each row's outliers: column and value.
    pub(super) outliers: Vec<Vec<(usize, f32)>>,
}

impl QuantisedRows {
    /// `x`: `[rows, input]`; `shared`: `[input]`, the columns that are outliers for every row.
    pub(super) fn new(
        engine: Engine,
        x: &[f32],
        input: usize,
        threshold: f32,
        shared: Option<&[bool]>,
    ) -> Self {
        let count = x.len() / input;
        let mut rows = Self {
            integers: IntegerRows::new(engine, count, input),
            scales: Vec::with_capacity(count),
            outliers: Vec::with_capacity(count),
        };
        let mut halves = vec![0f32; 4 * input];
        for x in x.chunks(4 * input) {
            let mut four = Vec::with_capacity(4);
            for (row, halves) in x.chunks_exact(input).zip(halves.chunks_exact_mut(input)) {
                let (scale, outliers) = to_half(row, threshold, shared, halves);
                for (i, _) in &outliers {
                    halves[*i] = 0.0;
                }
                rows.scales.push(scale);
                rows.outliers.push(outliers);
                let rounding = Rounding {
                    factor: factor(scale),
                    zero: 0.0,
                };
                four.push((halves, rounding));
            }
            rows.integers.push(&four);
        }
        rows
    }
}

impl Borrow<PackedRows<Int8>> for QuantisedRows {
    fn borrow(&self) -> &PackedRows<Int8> {
        self.integers.packed()
    }
}

/// Rounds a row to half precision → its largest magnitude below the threshold, and its outliers:
/// column and value.
fn to_half(
    row: &[f32],
    threshold: f32,
    shared: Option<&[bool]>,
    halves: &mut [f32],
) -> (f32, Vec<(usize, f32)>) {
    let largest = pulp::Arch::new().dispatch(ToHalf {
        row,
        halves: &mut *halves,
    });
    if largest < threshold && shared.is_none() {
        return (largest, Vec::new());
    }
    let scale = pulp::Arch::new().dispatch(LargestBelow {
        threshold,
        values: halves,
    });
    let is_outlier = |i: usize, v: f32| shared.map_or(v.abs() >= threshold, |columns| columns[i]);
    let outliers = halves
        .iter()
        .enumerate()
        .filter(|(i, v)| is_outlier(*i, **v))
        .map(|(i, v)| (i, *v))
        .collect();
    (scale, outliers)
}

/// Rounds a row to half precision → its largest magnitude; NaN where a value is.
///
/// A type instead of a closure, so that it is inlined into the function that is compiled for the
/// processor's widest instructions.
struct ToHalf<'a> {
    row: &'a [f32],
    halves: &'a mut [f32],
}

impl pulp::NullaryFnOnce for ToHalf<'_> {
    type Output = f32;

    #[inline(always)]
    fn call(self) -> f32 {
        for (to, value) in self.halves.iter_mut().zip(self.row) {
            *to = half(*value);
        }
        math::in_lanes(self.halves, 0.0, larger)
    }
}

/// The largest magnitude below the threshold, or 0; NaN where a value is, and with it the row's
/// results, as upstream.
struct LargestBelow<'a> {
    threshold: f32,
    values: &'a [f32],
}

impl pulp::NullaryFnOnce for LargestBelow<'_> {
    type Output = f32;

    #[inline(always)]
    fn call(self) -> f32 {
        math::in_lanes(self.values, 0.0, |most, v| {
            let below = if v.abs() >= self.threshold { 0.0 } else { v };
            larger(most, below)
        })
    }
}

/// `most` or the magnitude of `v`. A NaN stays once it is there.
#[inline(always)]
fn larger(most: f32, v: f32) -> f32 {
    if v.abs() <= most || most.is_nan() {
        most
    } else {
        v.abs()
    }
}
