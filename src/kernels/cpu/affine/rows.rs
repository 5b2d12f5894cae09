//! Activations in 8 bits.

use std::borrow::{Borrow, Cow};

use crate::kernels::cpu::dot::{Engine, Int8, PackedRows};
use crate::kernels::cpu::dot_layer::{IntegerRows, Rounding};
use crate::kernels::cpu::math;

/// Magnitude from which on an activation stays out of the integer product, as in LLM.int8().
const THRESHOLD: f32 = 6.0;

/// 255 times its inverse is finite.
const SMALLEST_WIDTH: f32 = 256.0 * f32::MIN_POSITIVE;

/// Token rows in 8 bits.
pub(crate) struct AffineRows {
    pub(super) integers: IntegerRows,
    pub(super) scales: Vec<RowScale>,
    /// Column and value of each row's outliers.
    pub(super) outliers: Vec<Vec<(usize, f32)>>,
}

/// A value of the row is `scale` · (its integer − `zero`).
#[derive(Clone, Copy)]
pub(super) struct RowScale {
    pub(super) scale: f32,
    /// Not rounded.
    pub(super) zero: f32,
}

impl AffineRows {
    /// `x`: `[rows, input]`
    pub(super) fn new(engine: Engine, x: &[f32], input: usize) -> Self {
        let count = x.len() / input;
        let mut rows = Self {
            integers: IntegerRows::new(engine, count, input),
            scales: Vec::with_capacity(count),
            outliers: Vec::with_capacity(count),
        };
        for x in x.chunks(4 * input) {
            let mut four = Vec::with_capacity(4);
            for row in x.chunks_exact(input) {
                let inliers = Inliers::of(row);
                let [low, high] = inliers.range;
                // Of values that are all 0, or so small that the factor would be infinite, any scale
                // is right.
                let width = if high - low > SMALLEST_WIDTH {
                    high - low
                } else {
                    1.0
                };
                // From −128 to 127.
                let factor = 255.0 / width;
                let zero = -128.0 - low * factor;
                rows.scales.push(RowScale {
                    scale: width / 255.0,
                    zero,
                });
                rows.outliers.push(inliers.outliers);
                four.push((inliers.values, Rounding { factor, zero }));
            }
            rows.integers.push(&four);
        }
        rows
    }
}

impl Borrow<PackedRows<Int8>> for AffineRows {
    fn borrow(&self) -> &PackedRows<Int8> {
        self.integers.packed()
    }
}

/// A row without its outliers.
struct Inliers<'a> {
    /// With 0 in place of the outliers.
    values: Cow<'a, [f32]>,
    /// The smallest and the largest of the values, with 0 between them.
    range: [f32; 2],
    /// Column and value.
    outliers: Vec<(usize, f32)>,
}

impl<'a> Inliers<'a> {
    fn of(row: &'a [f32]) -> Self {
        let range = pulp::Arch::new().dispatch(Range(row));
        // Written so that NaN is an outlier, too.
        if range[0] > -THRESHOLD && range[1] < THRESHOLD {
            return Self {
                values: row.into(),
                range,
                outliers: Vec::new(),
            };
        }
        let mut values = row.to_vec();
        let outliers = take_outliers(&mut values);
        Self {
            range: pulp::Arch::new().dispatch(Range(&values)),
            values: values.into(),
            outliers,
        }
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
