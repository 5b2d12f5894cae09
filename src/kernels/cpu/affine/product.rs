//! The product of 8-bit integers with zero points.

use crate::kernels::activation::Activation;
use crate::kernels::cpu::affine::rows::{AffineRows, RowScale};
use crate::kernels::cpu::affine::weights::AffineWeights;
use crate::kernels::cpu::dot::{DotType, Int8};
use crate::kernels::cpu::epilogue::{Epilogue, write_panel};
use crate::kernels::cpu::math;
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::row_blocks::{by_rows, rows_in_8_bits};

/// `x`: `[rows, input]` → `[rows, output]`, on all threads.
pub(crate) fn product(x: &[f32], weights: &AffineWeights, epilogue: &Epilogue) -> Vec<f32> {
    let (input, output) = (weights.input(), weights.output());
    let group = Int8::engine().rows();
    let block = |x: &[f32], out: &mut [f32]| {
        let rows = AffineRows::new(x, input);
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

/// Integer sums of a group of rows and a panel → results.
struct Finish<'a> {
    /// `[rows, WIDTH]`
    sums: &'a [[i32; WIDTH]],
    rows: &'a AffineRows,
    /// The group's first row.
    first: usize,
    weights: &'a AffineWeights,
    panel: usize,
    epilogue: &'a Epilogue,
    /// `[rows, output]`
    out: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (from, output) = (self.panel * WIDTH, self.weights.output());
        let scales = self.weights.scales(self.panel);
        let bias = self.epilogue.bias_of(self.panel);
        let out = self.out[self.first * output..].chunks_exact_mut(output);
        for (row, (out, sums)) in (self.first..).zip(out.zip(self.sums)) {
            // Products of the outliers with the weights' integers.
            let mut values = [0f32; WIDTH];
            for (i, v) in &self.rows.outliers[row] {
                let column = self.weights.column(self.panel, *i);
                values
                    .iter_mut()
                    .zip(column)
                    .for_each(|(to, w)| *to += v * w);
            }
            let RowScale {
                scale,
                zero,
                raised,
            } = self.rows.rows[row];
            for (value, (sum, weights)) in values.iter_mut().zip(sums.iter().zip(scales)) {
                // Sums of weights raised by 128 may wrap around on very long rows, and `raised`
                // with them.
                #[expect(clippy::cast_precision_loss, reason = "24 bits are far more than 8")]
                let sum = sum.wrapping_sub(raised) as f32;
                *value = ((sum - zero * weights.sum) * scale + *value) * weights.scale;
            }
            if let Some(bias) = &bias {
                values.iter_mut().zip(bias).for_each(|(v, b)| *v += b);
            }
            if self.epilogue.activation == Some(Activation::Gelu) {
                for value in &mut values {
                    *value = math::gelu(*value);
                }
            }
            write_panel(&values, &mut out[from..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::testing::{bits, reader, wave};

    fn weights(output: usize, input: usize) -> AffineWeights {
        let read = reader(input, |at| 0.1 * wave(at + 7));
        AffineWeights::pack(output, input, read).unwrap()
    }

    fn exact(x: &[f32], input: usize, output: usize, bias: &[f32]) -> Vec<f64> {
        let dot = |row: &[f32], o: usize| {
            let products =
                (0..input).map(|i| f64::from(row[i]) * f64::from(0.1 * wave(o * input + i + 7)));
            products.sum::<f64>() + f64::from(bias[o])
        };
        let rows = x.chunks_exact(input);
        rows.flat_map(|row| (0..output).map(move |o| dot(row, o)))
            .collect()
    }

    fn rms(values: impl Iterator<Item = f64>) -> f64 {
        let (sum, n) = values.fold((0.0, 0.0), |(sum, n), v| (sum + v * v, n + 1.0));
        f64::sqrt(sum / n)
    }

    /// Against f64, for activations around 0, for those after GELU, with outliers among them, and
    /// rows of zeros: 256 values over the range, and as many for the weights.
    #[test]
    fn results_are_within_the_rounding_of_256_values() {
        let shapes = [[1, 64, 33], [13, 1027, 40], [70, 4096, 64], [40, 5, 3]];
        for [rows, input, output] in shapes {
            let bias: Vec<f32> = (0..output).map(wave).collect();
            let packed = weights(output, input);
            let epilogue = Epilogue {
                bias: Some(bias.as_slice().into()),
                activation: None,
            };
            let around_0: Vec<f32> = (0..rows * input).map(|i| 3.0 * wave(i)).collect();
            let after_gelu: Vec<f32> = around_0.iter().map(|v| math::gelu(*v)).collect();
            let mut outliers = around_0.clone();
            outliers.iter_mut().step_by(61).for_each(|v| *v *= 40.0);
            let zeros = vec![0.0; rows * input];
            for (name, x, range) in [
                ("around 0", around_0, 6.0),
                ("after GELU", after_gelu, 3.2),
                ("outliers", outliers, 12.0),
                ("zeros", zeros, 0.0),
            ] {
                let found = product(&x, &packed, &epilogue);
                let exact = exact(&x, input, output, &bias);
                let size = rms(x.iter().map(|v| f64::from(*v)));
                // Uniform errors of a step of the inputs and of one of the weights, independent.
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let root = f64::sqrt(input as f64);
                let inputs = range / 255.0 / f64::sqrt(12.0) * 0.1 / f64::sqrt(2.0);
                let weights = 0.2 / 254.0 / f64::sqrt(12.0) * size;
                let expected = root * f64::hypot(inputs, weights);
                let differences = found.iter().zip(&exact).map(|(a, b)| f64::from(*a) - b);
                let error = rms(differences);
                assert!(
                    error <= 1.3 * expected + 1e-6,
                    "{name}, {rows} x {input} x {output}: {error}, expected {expected}"
                );
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_the_others_in_a_single_bit() {
        let (rows, input, output) = (130, 300, 70);
        let mut x: Vec<f32> = (0..rows * input).map(wave).collect();
        x.iter_mut().step_by(997).for_each(|v| *v *= 50.0);
        let packed = weights(output, input);
        let epilogue = Epilogue {
            bias: None,
            activation: Some(Activation::Gelu),
        };
        let together = product(&x, &packed, &epilogue);
        for part in [1, 5, 129] {
            let some = product(&x[..part * input], &packed, &epilogue);
            assert_eq!(bits(&some), bits(&together[..part * output]));
        }
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        let (input, output) = (40, 33);
        let packed = weights(output, input);
        let epilogue = Epilogue {
            bias: None,
            activation: None,
        };
        for value in [f32::NAN, f32::INFINITY] {
            let mut x = vec![1.0; 2 * input];
            x[45] = value;
            let found = product(&x, &packed, &epilogue);
            let (first, second) = found.split_at(output);
            assert!(first.iter().all(|v| v.is_finite()));
            assert!(second.iter().all(|v| !v.is_finite()), "{second:?}");
        }
    }
}
