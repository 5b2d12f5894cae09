//! Activations in 8 bits.

use crate::kernels::cpu::dot::{Int8, PackedRows};
use crate::kernels::cpu::math;

/// Magnitude from which on an activation stays out of the integer product, as in LLM.int8().
const THRESHOLD: f32 = 6.0;

/// Token rows in 8 bits.
pub(super) struct AffineRows {
    pub(super) integers: PackedRows<Int8>,
    pub(super) rows: Vec<RowScale>,
    /// Column and value of each row's outliers.
    pub(super) outliers: Vec<Vec<(usize, f32)>>,
}

/// A value of the row is `scale` · (its integer − `zero`).
#[derive(Clone, Copy)]
pub(super) struct RowScale {
    pub(super) scale: f32,
    /// Not rounded.
    pub(super) zero: f32,
    /// Sum of the integers, times 128: what the panels' weights, raised by 128, add to the sums.
    pub(super) raised: i32,
}

impl AffineRows {
    /// `x`: `[rows, input]`
    pub(super) fn new(x: &[f32], input: usize) -> Self {
        let count = x.len() / input;
        let mut packed = Self {
            integers: PackedRows::new(input.div_ceil(4)),
            rows: Vec::with_capacity(count),
            outliers: Vec::with_capacity(count),
        };
        let (mut values, mut integers) = (vec![0f32; input], vec![0u8; input.next_multiple_of(4)]);
        for row in x.chunks_exact(input) {
            let [low, high] = pulp::Arch::new().dispatch(Range(row));
            let mut outliers = Vec::new();
            let (mut row, mut range) = (row, [low, high]);
            // Written so that NaN is an outlier, too.
            if !(low > -THRESHOLD && high < THRESHOLD) {
                values.copy_from_slice(row);
                outliers = take_outliers(&mut values);
                range = pulp::Arch::new().dispatch(Range(&values));
                row = &values;
            }
            // Of values that are all 0, any scale is right.
            let width = if range[1] > range[0] {
                range[1] - range[0]
            } else {
                1.0
            };
            let (scale, zero) = (width / 255.0, -128.0 - range[0] * (255.0 / width));
            let sum = pulp::Arch::new().dispatch(ToIntegers {
                values: row,
                factor: 255.0 / width,
                zero,
                integers: &mut integers,
            });
            packed.integers.push(integers.as_chunks::<4>().0);
            packed.rows.push(RowScale {
                scale,
                zero,
                raised: sum.wrapping_mul(128),
            });
            packed.outliers.push(outliers);
        }
        packed
    }
}

/// Takes the outliers out of a row, in whose place 0 remains.
fn take_outliers(values: &mut [f32]) -> Vec<(usize, f32)> {
    let mut outliers = Vec::new();
    for (at, value) in values.iter_mut().enumerate() {
        if value.is_nan() || value.abs() >= THRESHOLD {
            outliers.push((at, *value));
            *value = 0.0;
        }
    }
    outliers
}

/// The smallest and the largest value of a row, 0 between them; NaN where one is there.
struct Range<'a>(&'a [f32]);

impl pulp::NullaryFnOnce for Range<'_> {
    type Output = [f32; 2];

    #[inline(always)]
    fn call(self) -> [f32; 2] {
        // A NaN stays once it is there.
        let low = |a: f32, b: f32| if b >= a || a.is_nan() { a } else { b };
        let high = |a: f32, b: f32| if b <= a || a.is_nan() { a } else { b };
        [
            math::in_lanes(self.0, 0.0, low),
            math::in_lanes(self.0, 0.0, high),
        ]
    }
}

/// Rounds a row to 8 bits → the sum of its integers.
struct ToIntegers<'a> {
    values: &'a [f32],
    factor: f32,
    zero: f32,
    integers: &'a mut [u8],
}

impl pulp::NullaryFnOnce for ToIntegers<'_> {
    type Output = i32;

    #[inline(always)]
    fn call(self) -> i32 {
        for (to, v) in self.integers.iter_mut().zip(self.values) {
            // From −128 to 127. The sum with 1.5 · 2²³ is an integer, to the nearest, and its
            // lowest byte is the result.
            let sum = (*v * self.factor + self.zero) + 12_582_912.0;
            let [low, ..] = sum.to_bits().to_le_bytes();
            *to = low;
        }
        // At most 128 · 2²⁴: wrapping only spares the check.
        self.integers[..self.values.len()]
            .iter()
            .fold(0, |sum: i32, v| {
                sum.wrapping_add(i32::from(v.cast_signed()))
            })
    }
}
