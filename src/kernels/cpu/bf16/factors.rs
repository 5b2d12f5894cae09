//! What is multiplied, and how, where factors are rounded to bf16.

use std::ops::Range;

use crate::kernels::cpu::bf16::rounding::{pack_rows, to_lanes};
use crate::kernels::cpu::bf16::weights::Bf16Weights;
use crate::kernels::cpu::dot::{Bf16, Engine, PackedRows, PanelLanes, TILE_DEPTH};
use crate::kernels::cpu::dot_layer::{ComingRows, Factors};
use crate::kernels::cpu::epilogue::PanelEpilogue;
use crate::kernels::cpu::micro_kernel::WIDTH;

/// Bytes of packed rows that a thread works on: part of a second-level cache. A sum stays in a
/// register from the first input to the last.
const BLOCK: usize = 400_000;
/// Rows of a block at least: each block reads all weights.
const LEAST_ROWS: usize = 96;

impl Factors for Bf16Weights {
    type Dot = Bf16;
    type Rows = PackedRows<Bf16>;
    type Coming = PackedRows<Bf16>;

    fn input(&self) -> usize {
        self.input
    }

    fn output(&self) -> usize {
        self.output
    }

    fn panels(&self, panels: Range<usize>) -> impl Iterator<Item = &[PanelLanes]> {
        self.panels(panels)
    }

    fn block_rows(&self, _: Engine) -> usize {
        (BLOCK / (2 * self.input)).max(LEAST_ROWS)
    }

    /// Rounded and packed, an inner size of up to some 4,000 stays in a second-level cache of 1 MB.
    fn gated_rows(_: Engine) -> usize {
        LEAST_ROWS
    }

    fn pack(&self, engine: Engine, x: &[f32]) -> PackedRows<Bf16> {
        pulp::Arch::new().dispatch(Pack {
            engine,
            x,
            input: self.input,
        })
    }

    /// After the last of their values are the results of weights that are zeros: zeros, as
    /// [`PackedRows`] wants, or NaN in a row that is not finite.
    fn pack_arrived(&self, _: Engine, rows: PackedRows<Bf16>) -> PackedRows<Bf16> {
        rows
    }

    #[inline(always)]
    fn finish(
        &self,
        _: &PackedRows<Bf16>,
        _: usize,
        _: usize,
        sums: &[f32; WIDTH],
        epilogue: &PanelEpilogue,
    ) -> [f32; WIDTH] {
        let mut values = *sums;
        epilogue.add_bias(&mut values);
        epilogue.apply_gelu(&mut values);
        values
    }
}

impl ComingRows for PackedRows<Bf16> {
    fn new(engine: Engine, rows: usize, size: usize) -> Self {
        let mut coming = Self::new(engine, size.div_ceil(2));
        coming.grow(rows);
        coming
    }

    #[inline(always)]
    fn put(&mut self, row: usize, panel: usize, values: &[[f32; WIDTH]; 4]) {
        let mut lanes = [[[0; 4]; TILE_DEPTH]; 4];
        for (lanes, values) in lanes.iter_mut().zip(values) {
            *lanes = to_lanes(values);
        }
        self.put(row, panel, &lanes);
    }
}

/// The packing, compiled for the processor's widest instructions.
struct Pack<'a> {
    engine: Engine,
    /// `[rows, input]`
    x: &'a [f32],
    input: usize,
}

impl pulp::NullaryFnOnce for Pack<'_> {
    type Output = PackedRows<Bf16>;

    #[inline(always)]
    fn call(self) -> PackedRows<Bf16> {
        let mut rows = PackedRows::new(self.engine, self.input.div_ceil(2));
        rows.reserve(self.x.len() / self.input);
        pack_rows(self.x.chunks_exact(self.input), self.input, &mut rows);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::activation::Activation;
    use crate::kernels::cpu::dot_layer::product;
    use crate::kernels::cpu::epilogue::Epilogue;
    use crate::kernels::cpu::math::gelu;
    use crate::kernels::cpu::testing::{bits, engines_for_bf16, integer, reader, wave};
    use half::bf16;

    fn weights(output: usize, input: usize, weight: impl Fn(usize) -> f32 + Sync) -> Bf16Weights {
        Bf16Weights::pack(output, input, reader(input, weight)).unwrap()
    }

    /// Rows of few and of many blocks; a depth of less than a tile, of many tiles, and odd ones.
    const SHAPES: [[usize; 3]; 7] = [
        [1, 5, 3],
        [3, 64, 40],
        [12, 1024, 32],
        [33, 1056, 65],
        [100, 31, 100],
        [205, 2083, 33],
        [401, 96, 32],
    ];

    /// Factors rounded by `half`, sums in f64.
    fn defined(x: &[f32], input: usize, output: usize, bias: Option<&[f32]>) -> Vec<[f64; 2]> {
        let round = |value: f32| f64::from(bf16::from_f32(value).to_f32());
        let mut sums = Vec::new();
        for row in x.chunks_exact(input) {
            for o in 0..output {
                let products = (0..input).map(|i| round(row[i]) * round(wave(o * input + i + 7)));
                let [sum, size] = products.fold([0.0, 0.0], |[sum, size], product| {
                    [sum + product, size + f64::abs(product)]
                });
                sums.push([sum + bias.map_or(0.0, |bias| f64::from(bias[o])), size]);
            }
        }
        sums
    }

    #[test]
    fn every_engine_gives_the_sums_of_rounded_factors() {
        for [rows, input, output] in SHAPES {
            let x: Vec<f32> = (0..rows * input).map(wave).collect();
            let bias: Vec<f32> = (0..output).map(|o| wave(o + 3)).collect();
            let packed = weights(output, input, |at| wave(at + 7));
            let sums = defined(&x, input, output, Some(&bias));
            for engine in engines_for_bf16() {
                for activation in [None, Some(Activation::Gelu)] {
                    let epilogue = Epilogue {
                        bias: Some(bias.as_slice().into()),
                        activation,
                    };
                    let found = product(engine, &x, &packed, &epilogue);
                    assert_eq!(found.len(), sums.len());
                    for (at, (found, [sum, size])) in found.iter().zip(&sums).enumerate() {
                        #[expect(clippy::cast_possible_truncation, reason = "an f32 is tested")]
                        let exact = *sum as f32;
                        let expected = if activation.is_some() {
                            gelu(exact)
                        } else {
                            exact
                        };
                        // The products are exact in f32; each of the sums rounds.
                        let tolerance = 1e-6 + 1e-6 * size;
                        assert!(
                            f64::from((found - expected).abs()) <= tolerance,
                            "{engine:?}, {rows} x {input} x {output}, {activation:?}: \
                             number {at} is {found} and not {expected}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_engine_gives_the_same_bits_where_sums_are_exact() {
        for [rows, input, output] in SHAPES {
            let x: Vec<f32> = (0..rows * input).map(integer).collect();
            let packed = weights(output, input, |at| integer(at + 5));
            let epilogue = Epilogue {
                bias: None,
                activation: None,
            };
            let expected = product(Engine::Portable, &x, &packed, &epilogue);
            let last: f32 = (0..input)
                .map(|i| integer((rows - 1) * input + i) * integer((output - 1) * input + i + 5))
                .sum();
            assert_eq!(expected.last().map(|v| v.to_bits()), Some(last.to_bits()));
            for engine in engines_for_bf16() {
                assert_eq!(
                    bits(&product(engine, &x, &packed, &epilogue)),
                    bits(&expected),
                    "{engine:?}, {rows} x {input} x {output}"
                );
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_the_others_in_a_single_bit() {
        let (rows, input, output) = (230, 1100, 70);
        let x: Vec<f32> = (0..rows * input).map(wave).collect();
        let packed = weights(output, input, |at| wave(at + 7));
        let epilogue = Epilogue {
            bias: None,
            activation: Some(Activation::Gelu),
        };
        for engine in engines_for_bf16() {
            let together = product(engine, &x, &packed, &epilogue);
            for part in [1, 5, 40, 229] {
                let some = product(engine, &x[..part * input], &packed, &epilogue);
                assert_eq!(bits(&some), bits(&together[..part * output]), "{engine:?}");
                let last = product(engine, &x[(rows - part) * input..], &packed, &epilogue);
                let expected = &together[(rows - part) * output..];
                assert_eq!(bits(&last), bits(expected), "{engine:?}");
            }
        }
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        let packed = weights(33, 40, |_| 1.0);
        let epilogue = Epilogue {
            bias: None,
            activation: None,
        };
        for engine in engines_for_bf16() {
            for value in [f32::NAN, f32::INFINITY] {
                let mut x = vec![1.0; 2 * 40];
                x[45] = value;
                let found = product(engine, &x, &packed, &epilogue);
                let (first, second) = found.split_at(33);
                assert!(
                    first.iter().all(|v| v.to_bits() == 40f32.to_bits()),
                    "{engine:?}"
                );
                assert!(second.iter().all(|v| !v.is_finite()), "{engine:?}");
            }
        }
    }
}
