//! What is multiplied, and how, by LLM.int8().

use std::ops::Range;
use std::sync::Arc;

use crate::kernels::cpu::dot::{Engine, Int8, PanelLanes};
use crate::kernels::cpu::dot_layer::{Factors, FloatRows};
use crate::kernels::cpu::epilogue::PanelEpilogue;
use crate::kernels::cpu::int8::outliers;
use crate::kernels::cpu::int8::outliers::Outliers;
use crate::kernels::cpu::int8::rows::QuantisedRows;
use crate::kernels::cpu::int8::weights::Int8Weights;
use crate::kernels::cpu::math::half;
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::row_blocks::{gated_rows_in_8_bits, rows_in_8_bits};

/// The factor of bitsandbytes' CPU operator; 1 / 127² would be 6.200012e-5.
const UNSCALE: f32 = 6.200_124e-5;

/// Weights, and which columns of a batch are outliers. The bias is in half precision; see
/// [`in_half`].
pub(crate) struct Int8Factors<'a> {
    weights: &'a Int8Weights,
    /// `[input]`, for every row; `None` where each has its own.
    shared: Option<Vec<bool>>,
}

impl<'a> Int8Factors<'a> {
    /// For a batch `x`: `[rows, input]`.
    pub(crate) fn of_batch(weights: &'a Int8Weights, x: &[f32]) -> Self {
        let shared = || outliers::of_batch(x, weights.input, weights.threshold);
        Self {
            weights,
            shared: (weights.outliers == Outliers::ByBatch).then(shared),
        }
    }

    /// Where each row has its own outliers.
    pub(crate) fn by_row(weights: &'a Int8Weights) -> Self {
        Self {
            weights,
            shared: None,
        }
    }
}

/// A bias in half precision, as the product takes it.
pub(crate) fn in_half(bias: &[f32]) -> Arc<[f32]> {
    bias.iter().map(|b| half(*b)).collect()
}

impl Factors for Int8Factors<'_> {
    type Dot = Int8;
    type Rows = QuantisedRows;
    type Coming = FloatRows;

    fn input(&self) -> usize {
        self.weights.input
    }

    fn output(&self) -> usize {
        self.weights.output
    }

    fn panels(&self, panels: Range<usize>) -> impl Iterator<Item = &[PanelLanes]> {
        self.weights.panels(panels)
    }

    fn block_rows(&self, engine: Engine) -> usize {
        rows_in_8_bits(self.input(), self.output(), engine.rows())
    }

    fn gated_rows(engine: Engine) -> usize {
        gated_rows_in_8_bits(engine.rows())
    }

    fn pack(&self, engine: Engine, x: &[f32]) -> QuantisedRows {
        let Int8Weights {
            input, threshold, ..
        } = *self.weights;
        QuantisedRows::new(engine, x, input, threshold, self.shared.as_deref())
    }

    fn pack_arrived(&self, engine: Engine, rows: FloatRows) -> QuantisedRows {
        self.pack(engine, rows.values())
    }

    #[inline(always)]
    fn finish(
        &self,
        rows: &QuantisedRows,
        row: usize,
        panel: usize,
        sums: &[i32; WIDTH],
        epilogue: &PanelEpilogue,
    ) -> [f32; WIDTH] {
        let from = panel * WIDTH;
        let scales = &self.weights.scales[from..from + WIDTH];
        let (raised, scale) = (rows.integers.raised(row), rows.scales[row]);
        let mut values = [0f32; WIDTH];
        for ((value, sum), weight) in values.iter_mut().zip(sums).zip(scales) {
            #[expect(
                clippy::cast_precision_loss,
                reason = "upstream converts the integer sum to f32, too"
            )]
            let sum = sum.wrapping_sub(raised) as f32;
            *value = sum * (scale * weight) * UNSCALE;
        }
        epilogue.add_bias(&mut values);
        for value in &mut values {
            *value = half(*value);
        }
        let outliers = &rows.outliers[row];
        if !outliers.is_empty() {
            add_outliers(outliers, self.weights, from, &mut values);
        }
        if epilogue.gelu {
            epilogue.apply_gelu(&mut values);
            for value in &mut values {
                *value = half(*value);
            }
        }
        values
    }
}

/// Adds the products of one row's outliers with the weights of the outputs from `from` on.
///
/// Not inlined: a row without outliers needs nothing of it.
#[inline(never)]
fn add_outliers(
    outliers: &[(usize, f32)],
    weights: &Int8Weights,
    from: usize,
    values: &mut [f32; WIDTH],
) {
    for (o, value) in (from..).zip(values) {
        let scale = weights.scales[o];
        let part: f32 = outliers
            .iter()
            .map(|(i, v)| v * half(weights.weight(o, *i) * scale * (1.0 / 127.0)))
            .sum();
        *value = half(*value + part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::dot::DotType;
    use crate::kernels::cpu::dot_layer::product;
    use crate::kernels::cpu::epilogue::Epilogue;
    use crate::kernels::cpu::int8::outliers::THRESHOLD;
    use crate::kernels::cpu::testing::{engines_for_int8, reader};
    use half::f16;
    use safetensors::SafeTensors;

    /// What bitsandbytes' CPU operators computed, with and without outliers.
    #[test]
    fn the_recorded_linear_layer_bit_for_bit() {
        let file = include_bytes!("../../../../tests/data/golden/int8.safetensors");
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
        let mut weights = Int8Weights::pack(output, input, Outliers::ByBatch, read).unwrap();
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
            ("mixed", THRESHOLD, vec![5, 17]),
        ] {
            weights.threshold = threshold;
            let shared: Vec<bool> = (0..input).map(|i| columns.contains(&i)).collect();
            for engine in engines_for_int8() {
                let rows = QuantisedRows::new(engine, &x, input, threshold, Some(&shared));
                assert_eq!(rows.scales, floats(&format!("{label}_x_scale")), "{label}");
                for (at, expected) in integers(&format!("{label}_x_int8")).into_iter().enumerate() {
                    let (row, i) = (at / input, at % input);
                    assert_eq!(
                        rows.integers.packed().lane(row, i / 4)[i % 4].cast_signed(),
                        expected,
                        "{label} row {row} column {i}"
                    );
                }
                // So few rows that they are divided by their outputs, or blocks of many.
                for copies in [1, 10] {
                    let x = x.repeat(copies);
                    let factors = Int8Factors::of_batch(&weights, &x);
                    assert_eq!(
                        product(engine, &x, &factors, &epilogue),
                        halves(&format!("{label}_y")).repeat(copies),
                        "{label}, {engine:?}"
                    );
                }
            }
        }
    }

    /// As upstream, whose scale of such a row is NaN, or whose outlier is infinite.
    #[test]
    fn what_is_not_finite_stays_so() {
        let (input, output) = (40, 33);
        for outliers in [Outliers::ByRow, Outliers::ByBatch] {
            let read = reader(input, |_| 1.0);
            let weights = Int8Weights::pack(output, input, outliers, read).unwrap();
            let epilogue = Epilogue {
                bias: None,
                activation: None,
            };
            for value in [f32::NAN, f32::INFINITY, -f32::INFINITY] {
                let mut x = vec![1.0; 2 * input];
                x[45] = value;
                let factors = Int8Factors::of_batch(&weights, &x);
                let found = product(Int8::engine(), &x, &factors, &epilogue);
                let (first, second) = found.split_at(output);
                assert!(first.iter().all(|v| v.is_finite()), "{outliers:?}");
                assert!(second.iter().all(|v| !v.is_finite()), "{outliers:?}");
            }
        }
    }
}
