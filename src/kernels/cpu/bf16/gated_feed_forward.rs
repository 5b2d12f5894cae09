//! The gated feed-forward part of a layer, with factors in bf16.

use std::sync::Arc;

use crate::kernels::cpu::bf16::blocks::pack;
use crate::kernels::cpu::bf16::product::{product_by, products};
use crate::kernels::cpu::bf16::rounding::to_lanes;
use crate::kernels::cpu::bf16::weights::Bf16Weights;
use crate::kernels::cpu::dot::{Bf16, DotType, Engine, PackedRows, TILE_DEPTH};
use crate::kernels::cpu::epilogue::Epilogue;
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::row_blocks::by_rows;
use crate::kernels::rows::GateActivation;

/// A linear layer.
#[derive(Debug, Clone)]
pub struct Bf16Layer {
    /// `[output, input]`
    pub(crate) weights: Arc<Bf16Weights>,
    /// `[output]`
    pub(crate) bias: Option<Arc<[f32]>>,
}

impl Bf16Layer {
    fn epilogue(&self) -> Epilogue {
        Epilogue {
            bias: self.bias.clone(),
            activation: None,
        }
    }

    /// `x`: `[rows, input]` → `[rows, output]`, on all threads.
    fn product(&self, engine: Engine, x: &[f32]) -> Vec<f32> {
        product_by(engine, x, &self.weights, &self.epilogue())
    }
}

/// The layers of a gated feed-forward part: down(activation(gate · x) · (up · x)).
#[derive(Debug, Clone)]
pub struct GatedLayers {
    /// `[inner, hidden]`
    pub(crate) gate: Bf16Layer,
    /// `[inner, hidden]`
    pub(crate) up: Bf16Layer,
    /// `[hidden, inner]`
    pub(crate) down: Bf16Layer,
    pub(crate) activation: GateActivation,
}

/// Rows of a block, each of which reads all weights. What is between the layers stays in the cache,
/// rounded and packed (up to an inner size of some 4,000 in a second-level one), and its memory does
/// not grow with the batch.
const BLOCK_ROWS: usize = 96;

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
        let [mut opened, of_up] = [gate, up].map(|layer| layer.product(engine, x));
        activation.apply(&mut opened, &of_up);
        return down.product(engine, &opened);
    }
    by_rows(x, hidden, output, BLOCK_ROWS, group, |x, out| {
        let opened = open(&pack(engine, x, hidden), layers);
        products(
            &opened,
            &down.weights,
            0..down.weights.count(),
            &down.epilogue(),
            out,
        );
    })
}

/// activation(gate · x) · (up · x) of `rows` `[rows, hidden]` → `[rows, inner]`. After the last of
/// the inner outputs are zeros, as [`PackedRows`] wants, or NaN in a row that is not finite.
fn open(rows: &PackedRows<Bf16>, layers: &GatedLayers) -> PackedRows<Bf16> {
    let GatedLayers { gate, up, .. } = layers;
    let sizes = |layer: &Bf16Layer| [layer.weights.input(), layer.weights.output()];
    assert_eq!(
        sizes(gate),
        sizes(up),
        "a gate has an output for each that it opens"
    );
    let mut opened = PackedRows::on(rows.engine(), gate.weights.output().div_ceil(2));
    opened.grow(rows.count());
    let mut of_gate = vec![[0f32; WIDTH]; rows.count().next_multiple_of(rows.engine().rows())];
    let epilogues = [gate, up].map(Bf16Layer::epilogue);
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
            biases: epilogues.each_ref().map(|epilogue| epilogue.bias_of(panel)),
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
    use crate::kernels::cpu::testing::{bits, engines_for_bf16, reader, wave};

    fn layer([input, output]: [usize; 2], from: usize, has_bias: bool) -> Bf16Layer {
        let read = reader(input, |at| 0.2 * wave(from + at));
        let bias = || (0..output).map(|o| wave(o + from)).collect();
        Bf16Layer {
            weights: Bf16Weights::pack(output, input, read).unwrap().into(),
            bias: has_bias.then(bias),
        }
    }

    fn layers(
        [hidden, inner]: [usize; 2],
        has_bias: bool,
        activation: GateActivation,
    ) -> GatedLayers {
        GatedLayers {
            gate: layer([hidden, inner], 3, has_bias),
            up: layer([hidden, inner], 11, has_bias),
            down: layer([inner, hidden], 7, has_bias),
            activation,
        }
    }

    /// The activations by their definitions, in f64.
    fn defined(activation: GateActivation, x: f64) -> f64 {
        match activation {
            GateActivation::Silu => x / (1.0 + (-x).exp()),
            GateActivation::GeluTanh => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
                0.5 * x * (1.0 + inner.tanh())
            }
        }
    }

    /// The three products by themselves, and the activation by its definition.
    #[test]
    fn as_three_products_and_the_definition() {
        for [rows, hidden, inner] in [
            [1, 5, 3],
            [12, 64, 40],
            [13, 31, 63],
            [33, 96, 65],
            [205, 31, 64],
        ] {
            let x: Vec<f32> = (0..rows * hidden).map(wave).collect();
            for (has_bias, activation) in [
                (false, GateActivation::Silu),
                (true, GateActivation::GeluTanh),
            ] {
                let layers = layers([hidden, inner], has_bias, activation);
                for engine in engines_for_bf16() {
                    let [gate, up] =
                        [&layers.gate, &layers.up].map(|layer| layer.product(engine, &x));
                    #[expect(clippy::cast_possible_truncation, reason = "an f32 is rounded")]
                    let opened: Vec<f32> = gate
                        .iter()
                        .zip(&up)
                        .map(|(gate, up)| {
                            (defined(activation, f64::from(*gate)) * f64::from(*up)) as f32
                        })
                        .collect();
                    let expected = layers.down.product(engine, &opened);
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
        let layers = layers([hidden, inner], true, GateActivation::Silu);
        for engine in engines_for_bf16() {
            let together = gated_feed_forward_by(engine, &x, &layers);
            for part in [1, 5, 40, 229] {
                let some = gated_feed_forward_by(engine, &x[..part * hidden], &layers);
                assert_eq!(bits(&some), bits(&together[..part * hidden]), "{engine:?}");
                let from = (rows - part) * hidden;
                let last = gated_feed_forward_by(engine, &x[from..], &layers);
                assert_eq!(bits(&last), bits(&together[from..]), "{engine:?}");
            }
        }
    }
}
