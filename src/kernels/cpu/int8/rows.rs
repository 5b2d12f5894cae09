//! Activations in 8 bits.

use crate::kernels::cpu::dot::{Int8, PackedRows};
use crate::kernels::cpu::int8::quantise::{factor, quantise};
use crate::kernels::cpu::math;
use crate::kernels::cpu::math::half;

/// Token rows in 8 bits.
pub(super) struct QuantisedRows {
    pub(super) integers: PackedRows<Int8>,
    /// Largest magnitude of each row below the outliers.
    pub(super) scales: Vec<f32>,
    /// Sum of each row's integers, times 128: what the panels' weights, raised by 128, add to its
    /// sums.
    pub(super) raised: Vec<i32>,
    /// Each row's outliers: column and value.
    pub(super) outliers: Vec<Vec<(usize, f32)>>,
}

impl QuantisedRows {
    /// `x`: `[rows, input]`; `shared`: `[input]`, the columns that are outliers for every row.
    pub(super) fn new(x: &[f32], input: usize, threshold: f32, shared: Option<&[bool]>) -> Self {
        let count = x.len() / input;
        let mut rows = Self {
            integers: PackedRows::new(input.div_ceil(4)),
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
            let outliers = if any || shared.is_some() {
                outliers(&values, threshold, shared)
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
            // Sums of weights raised by 128 may wrap around on very long rows, and this with them:
            // their difference is right as long as the sum proper fits into 32 bits.
            rows.raised.push(sum.wrapping_mul(128));
            rows.outliers.push(outliers);
        }
        rows
    }
}

/// Column and value of one row's outliers. `values`: `[input]`
fn outliers(values: &[f32], threshold: f32, shared: Option<&[bool]>) -> Vec<(usize, f32)> {
    let is_outlier = |i: usize, v: f32| shared.map_or(v.abs() >= threshold, |columns| columns[i]);
    values
        .iter()
        .enumerate()
        .filter(|(i, v)| is_outlier(*i, **v))
        .map(|(i, v)| (i, *v))
        .collect()
}

/// Rounds a row to half precision → its largest magnitude below the threshold, and whether any
/// value reaches the threshold.
///
/// A type instead of a closure, as in all these loops, so that it is inlined into the function that
/// is compiled for the processor's widest instructions.
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
        let below = |v: f32| {
            if v.abs() < self.threshold {
                v.abs()
            } else {
                0.0
            }
        };
        let scale = math::in_lanes(self.values, 0.0, |a, b| larger(a, below(b)));
        let largest = math::in_lanes(self.values, 0.0, |a, b| larger(a, b.abs()));
        (scale, largest >= self.threshold)
    }
}

/// Rounds a row to 8 bits → the sum of its integers.
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
        // At most 127 · 2²⁴: wrapping only spares the check.
        self.integers.iter().fold(0, |sum: i32, v| {
            sum.wrapping_add(i32::from(v.cast_signed()))
        })
    }
}
