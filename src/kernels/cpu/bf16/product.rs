//! The product of bf16 factors.

use std::ops::Range;

use crate::kernels::activation::Activation;
use crate::kernels::cpu::bf16::blocks::by_blocks;
use crate::kernels::cpu::bf16::weights::Bf16Weights;
use crate::kernels::cpu::dot::{Bf16, DotType, Engine, PackedRows};
use crate::kernels::cpu::epilogue::{Epilogue, PanelOutput};
use crate::kernels::cpu::micro_kernel::WIDTH;

/// `x`: `[rows, input]` → `[rows, output]`, on all threads.
pub(crate) fn product(x: &[f32], weights: &Bf16Weights, epilogue: &Epilogue) -> Vec<f32> {
    product_by(Bf16::engine(), x, weights, epilogue)
}

pub(super) fn product_by(
    engine: Engine,
    x: &[f32],
    weights: &Bf16Weights,
    epilogue: &Epilogue,
) -> Vec<f32> {
    let sizes = [weights.input(), weights.output()];
    by_blocks(engine, x, sizes, |rows, panels, out| {
        products(rows, weights, panels, epilogue, out);
    })
}

/// `rows`: `[rows, input]` → `out`: `[rows, outputs of the panels]`, on this thread.
pub(super) fn products(
    rows: &PackedRows<Bf16>,
    weights: &Bf16Weights,
    panels: Range<usize>,
    epilogue: &Epilogue,
    out: &mut [f32],
) {
    let width = out.len() / rows.count();
    rows.products(weights.panels(panels.clone()), |first, at, sums| {
        let output = PanelOutput {
            out: &mut *out,
            width,
            from: at * WIDTH,
            bias: epilogue.bias_of(panels.start + at),
            first: true,
            gelu: epilogue.activation == Some(Activation::Gelu),
        };
        pulp::Arch::new().dispatch(Put {
            output,
            first,
            sums,
        });
    });
}

/// The sums of a group of rows, from row `first` on, on their way to memory.
struct Put<'a> {
    output: PanelOutput<'a>,
    first: usize,
    sums: &'a [[f32; WIDTH]],
}

impl pulp::NullaryFnOnce for Put<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        self.output.put(self.first, self.sums.iter());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::math::gelu;
    use crate::kernels::cpu::testing::{bits, engines_for_bf16, reader, wave};
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
                    let found = product_by(engine, &x, &packed, &epilogue);
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

    /// Small integers, whose sums are exact in any order.
    #[test]
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn every_engine_gives_the_same_bits_where_sums_are_exact() {
        let integer = |i: usize| (i * 7919 % 17) as f32 - 8.0;
        for [rows, input, output] in SHAPES {
            let x: Vec<f32> = (0..rows * input).map(integer).collect();
            let packed = weights(output, input, |at| integer(at + 5));
            let epilogue = Epilogue {
                bias: None,
                activation: None,
            };
            let expected = product_by(Engine::Portable, &x, &packed, &epilogue);
            let last: f32 = (0..input)
                .map(|i| integer((rows - 1) * input + i) * integer((output - 1) * input + i + 5))
                .sum();
            assert_eq!(expected.last().map(|v| v.to_bits()), Some(last.to_bits()));
            for engine in engines_for_bf16() {
                assert_eq!(
                    bits(&product_by(engine, &x, &packed, &epilogue)),
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
            let together = product_by(engine, &x, &packed, &epilogue);
            for part in [1, 5, 40, 229] {
                let some = product_by(engine, &x[..part * input], &packed, &epilogue);
                assert_eq!(bits(&some), bits(&together[..part * output]), "{engine:?}");
                let last = product_by(engine, &x[(rows - part) * input..], &packed, &epilogue);
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
                let found = product_by(engine, &x, &packed, &epilogue);
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
