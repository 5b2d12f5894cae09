//! What is multiplied, and how, in 8 bits with zero points.

use std::ops::Range;

use crate::kernels::cpu::affine::rows::{AffineRows, RowScale};
use crate::kernels::cpu::affine::weights::AffineWeights;
use crate::kernels::cpu::dot::{Engine, Int8, PanelLanes};
use crate::kernels::cpu::dot_layer::{Factors, FloatRows};
use crate::kernels::cpu::epilogue::PanelEpilogue;
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::row_blocks::{gated_rows_in_8_bits, rows_in_8_bits};

impl Factors for AffineWeights {
    type Dot = Int8;
    type Rows = AffineRows;
    type Coming = FloatRows;

    fn input(&self) -> usize {
        self.input
    }

    fn output(&self) -> usize {
        self.output
    }

    fn panels(&self, panels: Range<usize>) -> impl Iterator<Item = &[PanelLanes]> {
        self.panels(panels)
    }

    fn block_rows(&self, engine: Engine) -> usize {
        rows_in_8_bits(self.input, self.output, engine.rows())
    }

    fn gated_rows(engine: Engine) -> usize {
        gated_rows_in_8_bits(engine.rows())
    }

    fn pack(&self, engine: Engine, x: &[f32]) -> AffineRows {
        AffineRows::new(engine, x, self.input)
    }

    fn pack_arrived(&self, engine: Engine, rows: FloatRows) -> AffineRows {
        self.pack(engine, rows.values())
    }

    #[inline(always)]
    fn finish(
        &self,
        rows: &AffineRows,
        row: usize,
        panel: usize,
        sums: &[i32; WIDTH],
        epilogue: &PanelEpilogue,
    ) -> [f32; WIDTH] {
        // Products of the outliers with the weights' integers.
        let mut values = [0f32; WIDTH];
        for (i, v) in &rows.outliers[row] {
            let column = self.column(panel, *i);
            values
                .iter_mut()
                .zip(column)
                .for_each(|(to, w)| *to += v * w);
        }
        let RowScale { scale, zero } = rows.scales[row];
        let (raised, outputs) = (rows.integers.raised(row), self.scales(panel));
        for (value, (sum, weights)) in values.iter_mut().zip(sums.iter().zip(outputs)) {
            #[expect(clippy::cast_precision_loss, reason = "24 bits are far more than 8")]
            let sum = sum.wrapping_sub(raised) as f32;
            *value = ((sum - zero * weights.sum) * scale + *value) * weights.scale;
        }
        epilogue.add_bias(&mut values);
        epilogue.apply_gelu(&mut values);
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::activation::Activation;
    use crate::kernels::cpu::dot::DotType;
    use crate::kernels::cpu::dot_layer::product;
    use crate::kernels::cpu::epilogue::Epilogue;
    use crate::kernels::cpu::math;
    use crate::kernels::cpu::testing::{bits, engines_for_int8, reader, wave};

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
                let found = product(Int8::engine(), &x, &packed, &epilogue);
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
    fn a_row_depends_on_no_others_and_no_engine_in_a_single_bit() {
        let (rows, input, output) = (130, 300, 70);
        let mut x: Vec<f32> = (0..rows * input).map(wave).collect();
        x.iter_mut().step_by(997).for_each(|v| *v *= 50.0);
        let packed = weights(output, input);
        let epilogue = Epilogue {
            bias: None,
            activation: Some(Activation::Gelu),
        };
        let together = product(Engine::Portable, &x, &packed, &epilogue);
        for engine in engines_for_int8() {
            for part in [1, 5, 129, rows] {
                let some = product(engine, &x[..part * input], &packed, &epilogue);
                assert_eq!(bits(&some), bits(&together[..part * output]), "{engine:?}");
                let last = product(engine, &x[(rows - part) * input..], &packed, &epilogue);
                let expected = &together[(rows - part) * output..];
                assert_eq!(bits(&last), bits(expected), "{engine:?}");
            }
        }
    }

    /// Their factor would be infinite.
    #[test]
    fn the_smallest_values_are_zeros() {
        let packed = weights(33, 40);
        let epilogue = Epilogue {
            bias: None,
            activation: None,
        };
        let found = product(Int8::engine(), &[1e-38; 40], &packed, &epilogue);
        assert!(found.iter().all(|v| v.abs() < 1e-36), "{found:?}");
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
            let found = product(Int8::engine(), &x, &packed, &epilogue);
            let (first, second) = found.split_at(output);
            assert!(first.iter().all(|v| v.is_finite()));
            assert!(second.iter().all(|v| !v.is_finite()), "{second:?}");
        }
    }
}
