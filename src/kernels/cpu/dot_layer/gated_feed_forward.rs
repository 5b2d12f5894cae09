//! The gated feed-forward part of a layer as one operation.

use std::borrow::Borrow;

use crate::kernels::cpu::dot::{DotType, Engine};
use crate::kernels::cpu::dot_layer::factors::{ComingRows, Factors};
use crate::kernels::cpu::dot_layer::product::{product, products};
use crate::kernels::cpu::epilogue::{Epilogue, PanelEpilogue};
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::row_blocks::by_rows;
use crate::kernels::rows::GateActivation;

/// The layers of a gated feed-forward part, down(activation(gate · x) · (up · x)): gate
/// `[inner, hidden]`, up `[inner, hidden]` and down `[hidden, inner]`.
pub(crate) struct Gated<'a, F> {
    pub(crate) weights: [&'a F; 3],
    /// In the order of the weights.
    pub(crate) epilogues: &'a [Epilogue; 3],
    pub(crate) activation: GateActivation,
}

/// `x`: `[rows, hidden]` → `[rows, hidden]`, on all threads. What is between the layers is of one
/// block of rows for each thread, however many rows there are.
pub(crate) fn gated_feed_forward<F: Factors>(
    engine: Engine,
    x: &[f32],
    layers: &Gated<F>,
) -> Vec<f32> {
    let [gate, up, down] = layers.weights;
    let [of_gate, of_up, of_down] = layers.epilogues;
    let [hidden, output] = [gate.input(), down.output()];
    let group = engine.rows();
    if x.len() <= group * hidden {
        // So few rows are divided by their outputs, and each layer waits for the one before.
        let mut opened = product(engine, x, gate, of_gate);
        let up = product(engine, x, up, of_up);
        layers.activation.apply(&mut opened, &up);
        return product(engine, &opened, down, of_down);
    }
    by_rows(x, hidden, output, F::gated_rows(engine), group, |x, out| {
        let opened = open(engine, &gate.pack(engine, x), layers);
        products(&opened, down, 0..down.panel_count(), of_down, out);
    })
}

/// activation(gate · x) · (up · x) of `rows` `[rows, hidden]` → `[rows, inner]`.
fn open<F: Factors>(engine: Engine, rows: &F::Rows, layers: &Gated<F>) -> F::Rows {
    let [gate, up, down] = layers.weights;
    assert_eq!(
        [gate.input(), gate.output()],
        [up.input(), up.output()],
        "a gate has an output for each that it opens"
    );
    let packed = rows.borrow();
    let mut coming = F::Coming::new(engine, packed.count(), down.input());
    let in_groups = packed.count().next_multiple_of(engine.rows());
    let mut of_gate = vec![[<F::Dot as DotType>::Sum::default(); WIDTH]; in_groups];
    // Panel by panel, the gate's before the other.
    let all = 0..gate.panel_count();
    let both = gate.panels(all.clone()).zip(up.panels(all));
    packed.products(both.flat_map(<[_; 2]>::from), |first, at, sums| {
        let of_gate = &mut of_gate[first..][..sums.len()];
        if at.is_multiple_of(2) {
            of_gate.copy_from_slice(sums);
            return;
        }
        let panel = at / 2;
        let [gate_epilogue, up_epilogue, _] = layers.epilogues;
        pulp::Arch::new().dispatch(Open {
            rows,
            weights: [gate, up],
            epilogues: [gate_epilogue, up_epilogue].map(|epilogue| epilogue.of_panel(panel)),
            sums: [of_gate, sums],
            activation: layers.activation,
            coming: &mut coming,
            first,
            panel,
        });
    });
    down.pack_arrived(engine, coming)
}

/// The sums of both products of a group of rows → what the gate lets through.
struct Open<'a, F: Factors> {
    /// `[rows, hidden]`
    rows: &'a F::Rows,
    /// Of the gate, and of what it opens; as the two after them.
    weights: [&'a F; 2],
    epilogues: [PanelEpilogue; 2],
    /// `[rows, WIDTH]`
    sums: [&'a [[<F::Dot as DotType>::Sum; WIDTH]]; 2],
    activation: GateActivation,
    /// `[rows, inner]`
    coming: &'a mut F::Coming,
    /// The group's first row.
    first: usize,
    panel: usize,
}

impl<F: Factors> pulp::NullaryFnOnce for Open<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let [gate, up] = self.sums;
        // The last rows of the last group hold anything.
        let count = self.rows.borrow().count() - self.first;
        for at in (0..gate.len().min(count)).step_by(4) {
            let mut values = [[0.0; WIDTH]; 4];
            for r in 0..4.min(count - at) {
                let row = self.first + at + r;
                values[r] = self.finish(0, row, &gate[at + r]);
                let up = self.finish(1, row, &up[at + r]);
                self.activation.apply(&mut values[r], &up);
            }
            self.coming.put(self.first + at, self.panel, &values);
        }
    }
}

impl<F: Factors> Open<'_, F> {
    #[inline(always)]
    fn finish(
        &self,
        which: usize,
        row: usize,
        sums: &[<F::Dot as DotType>::Sum; WIDTH],
    ) -> [f32; WIDTH] {
        self.weights[which].finish(self.rows, row, self.panel, sums, &self.epilogues[which])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::affine::AffineWeights;
    use crate::kernels::cpu::bf16::Bf16Weights;
    use crate::kernels::cpu::int8::{Int8Factors, Int8Weights, Outliers};
    use crate::kernels::cpu::testing::{bits, engines_for_bf16, engines_for_int8, reader, wave};

    const ACTIVATIONS: [GateActivation; 2] = [GateActivation::Silu, GateActivation::GeluTanh];

    /// Outputs and inputs of gate, up and down, and where their weights begin.
    fn sizes([hidden, inner]: [usize; 2]) -> [[usize; 3]; 3] {
        [[inner, hidden, 3], [inner, hidden, 11], [hidden, inner, 7]]
    }

    fn epilogues(shape: [usize; 2], has_bias: bool) -> [Epilogue; 3] {
        sizes(shape).map(|[output, _, from]| {
            let bias = || (0..output).map(|o| wave(o + from)).collect();
            Epilogue {
                bias: has_bias.then(bias),
                activation: None,
            }
        })
    }

    /// Some reach the threshold of 8 bits, and one is not finite where that is asked for.
    fn activations(rows: usize, hidden: usize, last: f32) -> Vec<f32> {
        let value = |at| if at % 53 == 0 { 9.0 } else { wave(at) };
        let mut x: Vec<f32> = (0..rows * hidden).map(value).collect();
        x[rows * hidden - 1] = last;
        x
    }

    /// The part as one operation and in parts: in fewer rows, and as three products.
    fn check<F: Factors>(engine: Engine, rows: usize, weights: [&F; 3]) {
        let [gate, up, down] = weights;
        let [hidden, inner] = [gate.input(), gate.output()];
        for last in [0.5, f32::NAN, f32::INFINITY] {
            let x = activations(rows, hidden, last);
            for activation in ACTIVATIONS {
                let epilogues = epilogues([hidden, inner], activation == GateActivation::Silu);
                let layers = Gated {
                    weights,
                    epilogues: &epilogues,
                    activation,
                };
                let found = gated_feed_forward(engine, &x, &layers);
                let what = format!("{engine:?}, {rows} rows, {hidden} x {inner}, {activation:?}");

                let [mut opened, of_up] =
                    [(gate, 0), (up, 1)].map(|(w, at)| product(engine, &x, w, &epilogues[at]));
                activation.apply(&mut opened, &of_up);
                let expected = product(engine, &opened, down, &epilogues[2]);
                let (finite, rest) = found.split_at((rows - 1) * hidden);
                assert_eq!(bits(finite), bits(&expected[..finite.len()]), "{what}");
                if last.is_finite() {
                    assert_eq!(bits(rest), bits(&expected[finite.len()..]), "{what}");
                } else {
                    assert!(rest.iter().all(|v| !v.is_finite()), "{what}: {rest:?}");
                }

                for part in [1, 5, 40, rows - 1].into_iter().filter(|part| *part < rows) {
                    let end = part * hidden;
                    let first = gated_feed_forward(engine, &x[..end], &layers);
                    assert_eq!(bits(&first), bits(&found[..end]), "{what}");
                    let from = (rows - part) * hidden;
                    let rest = gated_feed_forward(engine, &x[from..], &layers);
                    // NaN has bits of many kinds.
                    let same = part - usize::from(!last.is_finite());
                    let expected = &found[from..][..same * hidden];
                    assert_eq!(bits(&rest[..same * hidden]), bits(expected), "{what}");
                }
            }
        }
    }

    #[test]
    fn as_three_products_and_in_parts() {
        for [rows, hidden, inner] in [
            [2, 5, 3],
            [12, 64, 40],
            [13, 31, 63],
            [33, 96, 65],
            [230, 70, 100],
        ] {
            let sizes = sizes([hidden, inner]);
            let read = |input, from| reader(input, move |at| 0.2 * wave(from + at));
            let bf16 =
                sizes.map(|[o, input, at]| Bf16Weights::pack(o, input, read(input, at)).unwrap());
            for engine in engines_for_bf16() {
                check(engine, rows, bf16.each_ref());
            }
            let affine =
                sizes.map(|[o, input, at]| AffineWeights::pack(o, input, read(input, at)).unwrap());
            let int8 = sizes.map(|[o, input, at]| {
                Int8Weights::pack(o, input, Outliers::ByRow, read(input, at)).unwrap()
            });
            let int8 = int8.each_ref().map(Int8Factors::by_row);
            for engine in engines_for_int8() {
                check(engine, rows, affine.each_ref());
                check(engine, rows, int8.each_ref());
            }
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

    /// In bf16, whose rounding is the nearest to f32.
    #[test]
    fn activations_are_the_definitions() {
        for [rows, hidden, inner] in [
            [1, 5, 3],
            [12, 64, 40],
            [13, 31, 63],
            [33, 96, 65],
            [205, 31, 64],
        ] {
            let x: Vec<f32> = (0..rows * hidden).map(wave).collect();
            let weights = sizes([hidden, inner]).map(|[output, input, from]| {
                let read = reader(input, |at| 0.2 * wave(from + at));
                Bf16Weights::pack(output, input, read).unwrap()
            });
            for activation in ACTIVATIONS {
                let epilogues = epilogues([hidden, inner], activation == GateActivation::GeluTanh);
                for engine in engines_for_bf16() {
                    let product =
                        |x: &[f32], at: usize| product(engine, x, &weights[at], &epilogues[at]);
                    let [gate, up] = [0, 1].map(|at| product(&x, at));
                    #[expect(clippy::cast_possible_truncation, reason = "an f32 is rounded")]
                    let opened: Vec<f32> = gate
                        .iter()
                        .zip(&up)
                        .map(|(gate, up)| {
                            (defined(activation, f64::from(*gate)) * f64::from(*up)) as f32
                        })
                        .collect();
                    let layers = Gated {
                        weights: weights.each_ref(),
                        epilogues: &epilogues,
                        activation,
                    };
                    let found = gated_feed_forward(engine, &x, &layers);
                    assert_eq!(found.len(), rows * hidden);
                    for (at, (found, expected)) in found.iter().zip(product(&opened, 2)).enumerate()
                    {
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
}
