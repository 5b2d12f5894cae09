//! Two products of the same rows, one of which is the gate of the other.

use std::sync::Arc;

use crate::kernels::cpu::bf16::blocks::by_blocks;
use crate::kernels::cpu::bf16::weights::Bf16Weights;
use crate::kernels::cpu::dot::{Bf16, DotType, Engine};
use crate::kernels::cpu::epilogue::{bias_of_panel, write_panel};
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::rows::GateActivation;

/// activation(gate · x) · (up · x): `x`: `[rows, input]` → `[rows, output]`, on all threads. The
/// rows are packed once, and neither factor goes to memory. `weights` and `biases` are the gate's
/// and those of what it opens, of the same sizes.
pub(crate) fn gated_product(
    x: &[f32],
    weights: [&Bf16Weights; 2],
    biases: &[Option<Arc<[f32]>>; 2],
    activation: GateActivation,
) -> Vec<f32> {
    gated_product_by(Bf16::engine(), x, weights, biases, activation)
}

fn gated_product_by(
    engine: Engine,
    x: &[f32],
    [gate, up]: [&Bf16Weights; 2],
    biases: &[Option<Arc<[f32]>>; 2],
    activation: GateActivation,
) -> Vec<f32> {
    by_blocks(
        engine,
        x,
        [gate.input(), gate.output()],
        |rows, panels, out| {
            let width = out.len() / rows.count();
            let mut of_gate = vec![[0f32; WIDTH]; rows.count().next_multiple_of(engine.rows())];
            // Panel by panel, the gate's before the other.
            let both = gate.panels(panels.clone()).zip(up.panels(panels.clone()));
            rows.products(both.flat_map(<[_; 2]>::from), |first, at, sums| {
                let of_gate = &mut of_gate[first..][..sums.len()];
                if at.is_multiple_of(2) {
                    of_gate.copy_from_slice(sums);
                    return;
                }
                let panel = panels.start + at / 2;
                pulp::Arch::new().dispatch(Open {
                    gate: of_gate,
                    up: sums,
                    biases: biases
                        .each_ref()
                        .map(|bias| bias_of_panel(bias.as_deref(), panel)),
                    activation,
                    out: &mut out[first * width..],
                    width,
                    from: at / 2 * WIDTH,
                });
            });
        },
    )
}

/// The sums of both products of a group of rows → what the gate lets through.
struct Open<'a> {
    /// `[rows, WIDTH]`
    gate: &'a [[f32; WIDTH]],
    /// `[rows, WIDTH]`
    up: &'a [[f32; WIDTH]],
    biases: [Option<[f32; WIDTH]>; 2],
    activation: GateActivation,
    /// From the group's first row on, `[rows, width]`; rows that it has not are passed over.
    out: &'a mut [f32],
    width: usize,
    /// The panel's first column in `out`.
    from: usize,
}

impl pulp::NullaryFnOnce for Open<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let sums = self.gate.iter().zip(self.up);
        for (out, (gate, up)) in self.out.chunks_exact_mut(self.width).zip(sums) {
            let mut both = [*gate, *up];
            for (sums, bias) in both.iter_mut().zip(&self.biases) {
                if let Some(bias) = bias {
                    sums.iter_mut().zip(bias).for_each(|(sum, b)| *sum += b);
                }
            }
            let [mut values, up] = both;
            self.activation.apply(&mut values, &up);
            write_panel(&values, &mut out[self.from..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::bf16::product::product_by;
    use crate::kernels::cpu::epilogue::Epilogue;
    use crate::kernels::cpu::testing::{engines_for_bf16, reader, wave};

    fn weights(output: usize, input: usize, from: usize) -> Bf16Weights {
        let read = reader(input, |at| 0.2 * wave(from + at));
        Bf16Weights::pack(output, input, read).unwrap()
    }

    /// The two products by themselves, and SiLU by its definition.
    #[test]
    fn as_two_products_and_the_definition() {
        for [rows, input, output] in [[1, 5, 3], [12, 64, 40], [33, 96, 65], [205, 31, 64]] {
            let x: Vec<f32> = (0..rows * input).map(wave).collect();
            let [gate, up] = [3, 11].map(|from| weights(output, input, from));
            let bias = |from: usize| (0..output).map(|o| wave(o + from)).collect();
            for biases in [[None, None], [Some(bias(5)), Some(bias(9))]] {
                for engine in engines_for_bf16() {
                    let each = [&gate, &up]
                        .into_iter()
                        .zip(&biases)
                        .map(|(weights, bias)| {
                            let epilogue = Epilogue {
                                bias: bias.clone(),
                                activation: None,
                            };
                            product_by(engine, &x, weights, &epilogue)
                        });
                    let [of_gate, of_up] = each.collect::<Vec<_>>().try_into().unwrap();
                    let expected = of_gate.iter().zip(&of_up).map(|(gate, up)| {
                        let gate = f64::from(*gate);
                        gate / (1.0 + (-gate).exp()) * f64::from(*up)
                    });
                    let silu = GateActivation::Silu;
                    let found = gated_product_by(engine, &x, [&gate, &up], &biases, silu);
                    assert_eq!(found.len(), rows * output);
                    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
                        assert!(
                            (f64::from(*found) - expected).abs() < 1e-6 * expected.abs().max(1.0),
                            "{engine:?}, {rows} x {input} x {output}: number {at} is {found} and \
                             not {expected}"
                        );
                    }
                }
            }
        }
    }
}
