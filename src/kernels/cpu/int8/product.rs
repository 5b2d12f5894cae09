//! The product in 8 bits.

use crate::kernels::activation::Activation;
use crate::kernels::cpu::dot::{DotType, Int8};
use crate::kernels::cpu::epilogue::{Epilogue, write_panel};
use crate::kernels::cpu::int8::outliers;
use crate::kernels::cpu::int8::outliers::Outliers;
use crate::kernels::cpu::int8::rows::QuantisedRows;
use crate::kernels::cpu::int8::weights::Int8Weights;
use crate::kernels::cpu::math;
use crate::kernels::cpu::math::half;
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::row_blocks::{by_rows, rows_in_8_bits};

/// The factor of bitsandbytes' CPU operator; 1 / 127² would be 6.200012e-5.
const UNSCALE: f32 = 6.200_124e-5;

/// `x`: `[rows, input]` → `[rows, output]`, on all threads.
pub(crate) fn product(x: &[f32], weights: &Int8Weights, epilogue: &Epilogue) -> Vec<f32> {
    let Int8Weights {
        input,
        output,
        threshold,
        ..
    } = *weights;
    let shared =
        (weights.outliers == Outliers::ByBatch).then(|| outliers::of_batch(x, input, threshold));
    let group = Int8::engine().rows();
    let block = |x: &[f32], out: &mut [f32]| {
        let rows = QuantisedRows::new(x, input, threshold, shared.as_deref());
        rows.integers
            .products(weights.panels(), |first, panel, sums| {
                pulp::Arch::new().dispatch(Finish {
                    sums,
                    rows: &rows,
                    first,
                    weights,
                    panel,
                    epilogue,
                    out: &mut *out,
                });
            });
    };
    let size = rows_in_8_bits(input, output, group);
    by_rows(x, input, output, size, group, block)
}

/// Integer sums of a group of rows and a panel → half-precision results.
struct Finish<'a> {
    /// `[rows, WIDTH]`
    sums: &'a [[i32; WIDTH]],
    rows: &'a QuantisedRows,
    /// The group's first row.
    first: usize,
    weights: &'a Int8Weights,
    panel: usize,
    epilogue: &'a Epilogue,
    /// `[rows, output]`
    out: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let from = self.panel * WIDTH;
        let output = self.weights.output;
        let wide = WIDTH.min(output - from);
        let scales = &self.weights.scales[from..from + WIDTH];
        let bias = self.epilogue.bias_of(self.panel);
        let out = self.out[self.first * output..].chunks_exact_mut(output);
        for ((out, sums), row) in out.zip(self.sums).zip(self.first..) {
            let (raised, scale) = (self.rows.raised[row], self.rows.scales[row]);
            let mut values = [0f32; WIDTH];
            for ((value, sum), weight) in values.iter_mut().zip(sums).zip(scales) {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "upstream converts the integer sum to f32, too"
                )]
                let sum = sum.wrapping_sub(raised) as f32;
                *value = sum * (scale * weight) * UNSCALE;
            }
            if let Some(bias) = &bias {
                for (value, bias) in values.iter_mut().zip(bias) {
                    *value += half(*bias);
                }
            }
            for value in &mut values {
                *value = half(*value);
            }
            let outliers = &self.rows.outliers[row];
            add_outliers(outliers, self.weights, from, &mut values[..wide]);
            if self.epilogue.activation == Some(Activation::Gelu) {
                for value in &mut values {
                    *value = half(math::gelu(*value));
                }
            }
            write_panel(&values, &mut out[from..]);
        }
    }
}

/// Adds the products of one row's outliers with the weights of the outputs from `from` on. `out`:
/// `[outputs]`
fn add_outliers(outliers: &[(usize, f32)], weights: &Int8Weights, from: usize, out: &mut [f32]) {
    if outliers.is_empty() {
        return;
    }
    for (o, out) in (from..).zip(out) {
        let scale = weights.scales[o];
        let part: f32 = outliers
            .iter()
            .map(|(i, v)| v * half(weights.weight(o, *i) * scale * (1.0 / 127.0)))
            .sum();
        *out = half(*out + part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::int8::outliers::THRESHOLD;
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
            let rows = QuantisedRows::new(&x, input, threshold, Some(&shared));
            assert_eq!(rows.scales, floats(&format!("{label}_x_scale")), "{label}");
            for (at, expected) in integers(&format!("{label}_x_int8")).into_iter().enumerate() {
                let (row, i) = (at / input, at % input);
                assert_eq!(
                    rows.integers.lane(row, i / 4)[i % 4].cast_signed(),
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
