//! The gated feed-forward part of a layer, with factors in bf16.

use std::sync::Arc;

use crate::kernels::cpu::bf16::blocks::pack;
use crate::kernels::cpu::bf16::product::{product_by, products};
use crate::kernels::cpu::bf16::rounding::to_lanes;
use crate::kernels::cpu::bf16::weights::Bf16Weights;
use crate::kernels::cpu::dot::{Bf16, DotType, Engine, MAX_ROWS, PackedRows, TILE_DEPTH};
use crate::kernels::cpu::epilogue::Epilogue;
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::row_blocks::by_rows;
use crate::kernels::rows::GateActivation;

/// A linear layer: its weights, and what happens to their sums.
#[derive(Debug, Clone)]
pub struct Bf16Layer {
    pub(crate) weights: Arc<Bf16Weights>,
    pub(crate) epilogue: Epilogue,
}

/// The layers of a gated feed-forward part: down(activation(gate · x) · (up · x)).
#[derive(Debug, Clone)]
pub struct GatedLayers {
    pub(crate) gate: Bf16Layer,
    /// Of the same sizes.
    pub(crate) up: Bf16Layer,
    pub(crate) down: Bf16Layer,
    pub(crate) activation: GateActivation,
}

/// Rows of a block. What is between the layers stays in the cache, rounded and packed, and its
/// memory does not grow with the batch.
const ROWS: usize = 96;

/// `x`: `[rows, hidden]` → `[rows, hidden]`, on all threads.
pub(crate) fn gated_feed_forward(x: &[f32], layers: &GatedLayers) -> Vec<f32> {
    gated_feed_forward_by(Bf16::engine(), x, layers)
}

fn gated_feed_forward_by(engine: Engine, x: &[f32], layers: &GatedLayers) -> Vec<f32> {
    let GatedLayers {
        gate,
        up,
        down,
        activation,
    } = layers;
    let [hidden, output] = [gate.weights.input(), down.weights.output()];
    let group = engine.rows();
    if x.len() <= group * hidden {
        // So few rows are divided by their outputs, and each layer waits for the one before.
        let product = |x: &[f32], by: &Bf16Layer| product_by(engine, x, &by.weights, &by.epilogue);
        let [mut opened, of_up] = [gate, up].map(|layer| product(x, layer));
        activation.apply(&mut opened, &of_up);
        return product(&opened, down);
    }
    by_rows(x, hidden, output, ROWS, group, |x, out| {
        let opened = open(&pack(engine, x, hidden), layers);
        products(
            &opened,
            &down.weights,
            0..down.weights.count(),
            &down.epilogue,
            out,
        );
    })
}

/// `rows`: `[rows, hidden]` → activation(gate · x) · (up · x), `[rows, inner]`.
fn open(rows: &PackedRows<Bf16>, layers: &GatedLayers) -> PackedRows<Bf16> {
    let GatedLayers { gate, up, .. } = layers;
    let mut opened = PackedRows::on(rows.engine(), gate.weights.output().div_ceil(2));
    opened.grow(rows.count());
    let mut of_gate = vec![[0f32; WIDTH]; rows.count() + MAX_ROWS];
    // Panel by panel, the gate's before the other.
    let all = 0..gate.weights.count();
    let both = gate.weights.panels(all.clone()).zip(up.weights.panels(all));
    rows.products(both.flat_map(<[_; 2]>::from), |first, at, sums| {
        let of_gate = &mut of_gate[first..][..sums.len()];
        if at.is_multiple_of(2) {
            of_gate.copy_from_slice(sums);
            return;
        }
        let panel = at / 2;
        pulp::Arch::new().dispatch(Open {
            gate: of_gate,
            up: sums,
            biases: [gate, up].map(|layer| layer.epilogue.bias_of(panel)),
            activation: layers.activation,
            to: &mut opened,
            first,
            panel,
        });
    });
    opened
}

/// The sums of both products of a group of rows → what the gate lets through, rounded and packed.
struct Open<'a> {
    /// `[rows, WIDTH]`
    gate: &'a [[f32; WIDTH]],
    /// `[rows, WIDTH]`
    up: &'a [[f32; WIDTH]],
    biases: [Option<[f32; WIDTH]>; 2],
    activation: GateActivation,
    /// `[rows, inner]`
    to: &'a mut PackedRows<Bf16>,
    /// The group's first row.
    first: usize,
    panel: usize,
}

impl<'a> pulp::NullaryFnOnce for Open<'a> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let four = |sums: &'a [[f32; WIDTH]]| sums.as_chunks::<4>().0;
        let sums = four(self.gate).iter().zip(four(self.up));
        for (row, (gate, up)) in (self.first..).step_by(4).zip(sums) {
            let mut lanes = [[[0; 4]; TILE_DEPTH]; 4];
            for (lanes, (gate, up)) in lanes.iter_mut().zip(gate.iter().zip(up)) {
                let mut both = [*gate, *up];
                for (sums, bias) in both.iter_mut().zip(&self.biases) {
                    if let Some(bias) = bias {
                        sums.iter_mut().zip(bias).for_each(|(sum, b)| *sum += b);
                    }
                }
                let [mut values, up] = both;
                self.activation.apply(&mut values, &up);
                *lanes = to_lanes(&values);
            }
            self.to.put(row, self.panel, &lanes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::testing::{engines_for_bf16, reader, wave};

    fn layer([input, output]: [usize; 2], from: usize, has_bias: bool) -> Bf16Layer {
        let read = reader(input, |at| 0.2 * wave(from + at));
        let bias = || (0..output).map(|o| wave(o + from)).collect();
        Bf16Layer {
            weights: Bf16Weights::pack(output, input, read).unwrap().into(),
            epilogue: Epilogue {
                bias: has_bias.then(bias),
                activation: None,
            },
        }
    }

    fn layers([hidden, inner]: [usize; 2], has_bias: bool) -> GatedLayers {
        GatedLayers {
            gate: layer([hidden, inner], 3, has_bias),
            up: layer([hidden, inner], 11, has_bias),
            down: layer([inner, hidden], 7, has_bias),
            activation: GateActivation::Silu,
        }
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    /// The three products by themselves, and SiLU by its definition.
    #[test]
    fn as_three_products_and_the_definition() {
        for [rows, hidden, inner] in [[1, 5, 3], [12, 64, 40], [33, 96, 65], [205, 31, 64]] {
            let x: Vec<f32> = (0..rows * hidden).map(wave).collect();
            for has_bias in [false, true] {
                let layers = layers([hidden, inner], has_bias);
                for engine in engines_for_bf16() {
                    let product = |x: &[f32], layer: &Bf16Layer| {
                        product_by(engine, x, &layer.weights, &layer.epilogue)
                    };
                    let [gate, up] = [&layers.gate, &layers.up].map(|layer| product(&x, layer));
                    #[expect(clippy::cast_possible_truncation, reason = "an f32 is rounded")]
                    let opened: Vec<f32> = gate
                        .iter()
                        .zip(&up)
                        .map(|(gate, up)| {
                            let gate = f64::from(*gate);
                            (gate / (1.0 + (-gate).exp()) * f64::from(*up)) as f32
                        })
                        .collect();
                    let expected = product(&opened, &layers.down);
                    let found = gated_feed_forward_by(engine, &x, &layers);
                    assert_eq!(found.len(), rows * hidden);
                    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
                        // A value between may be rounded to its other neighbour in bf16.
                        assert!(
                            (found - expected).abs() < 2e-3,
                            "{engine:?}, {rows} x {hidden} x {inner}: number {at} is {found} and \
                             not {expected}"
                        );
                    }
                }
            }
        }
    }

    /// In a block of many rows, or so few that they are divided by their outputs.
    #[test]
    fn a_row_does_not_depend_on_the_others_in_a_single_bit() {
        let (rows, hidden, inner) = (230, 70, 100);
        let x: Vec<f32> = (0..rows * hidden).map(wave).collect();
        let layers = layers([hidden, inner], true);
        for engine in engines_for_bf16() {
            let together = gated_feed_forward_by(engine, &x, &layers);
            for part in [1, 5, 40, 229] {
                let some = gated_feed_forward_by(engine, &x[..part * hidden], &layers);
                assert_eq!(bits(&some), bits(&together[..part * hidden]), "{engine:?}");
            }
        }
    }
}
