//! The gated feed-forward part of a layer as one operation.

use crate::kernels::cpu::dot::{DotType, Engine};
use crate::kernels::cpu::dot_layer::factors::Factors;
use crate::kernels::cpu::dot_layer::product::{product, products};
use crate::kernels::cpu::epilogue::{Epilogue, PanelEpilogue};
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::row_blocks::by_rows;
use crate::kernels::rows::GateActivation;

/// The layers of a gated feed-forward part: down(activation(gate · x) · (up · x)).
pub(crate) struct Gated<'a, F> {
    /// `[inner, hidden]`
    pub(crate) gate: Layer<'a, F>,
    /// `[inner, hidden]`
    pub(crate) up: Layer<'a, F>,
    /// `[hidden, inner]`
    pub(crate) down: Layer<'a, F>,
    pub(crate) activation: GateActivation,
}

/// Weights, and what is done to their sums.
pub(crate) type Layer<'a, F> = (&'a F, &'a Epilogue);

/// `x`: `[rows, hidden]` → `[rows, hidden]`, on all threads. What is between the layers does not grow
/// with the batch, and does not go to memory.
pub(crate) fn gated_feed_forward<F: Factors>(
    engine: Engine,
    x: &[f32],
    layers: &Gated<F>,
) -> Vec<f32> {
    let Gated {
        gate,
        up,
        down: (down, epilogue),
        activation,
    } = layers;
    let [hidden, output] = [gate.0.input(), down.output()];
    let group = engine.rows();
    if x.len() <= group * hidden {
        // So few rows are divided by their outputs, and each layer waits for the one before.
        let [mut opened, of_up] =
            [gate, up].map(|(factors, epilogue)| product(engine, x, *factors, epilogue));
        activation.apply(&mut opened, &of_up);
        return product(engine, &opened, *down, epilogue);
    }
    by_rows(x, hidden, output, F::GATED_ROWS, group, |x, out| {
        let opened = open(engine, &gate.0.take(engine, x), layers);
        products(&opened, *down, 0..down.count(), epilogue, out);
    })
}

/// activation(gate · x) · (up · x) of `rows` `[rows, hidden]` → `[rows, inner]`.
fn open<F: Factors>(engine: Engine, rows: &F::Rows, layers: &Gated<F>) -> F::Rows {
    let Gated {
        gate,
        up,
        down: (down, _),
        activation,
    } = layers;
    let sizes = |factors: &F| [factors.input(), factors.output()];
    assert_eq!(
        sizes(gate.0),
        sizes(up.0),
        "a gate has an output for each that it opens"
    );
    let packed = rows.as_ref();
    let mut coming = down.expect(engine, packed.count());
    let in_groups = packed.count().next_multiple_of(engine.rows());
    let mut of_gate = vec![[<F::Dot as DotType>::Sum::default(); WIDTH]; in_groups];
    // Panel by panel, the gate's before the other.
    let all = 0..gate.0.count();
    let both = gate.0.panels(all.clone()).zip(up.0.panels(all));
    packed.products(both.flat_map(<[_; 2]>::from), |first, at, sums| {
        let of_gate = &mut of_gate[first..][..sums.len()];
        if at.is_multiple_of(2) {
            of_gate.copy_from_slice(sums);
            return;
        }
        let panel = at / 2;
        pulp::Arch::new().dispatch(Open {
            rows,
            factors: [gate.0, up.0],
            epilogues: [gate.1, up.1].map(|epilogue| epilogue.of_panel(panel)),
            sums: [of_gate, sums],
            activation: *activation,
            coming: &mut coming,
            first,
            panel,
        });
    });
    down.arrived(engine, coming)
}

/// The sums of both products of a group of rows → what the gate lets through.
struct Open<'a, F: Factors> {
    /// `[rows, hidden]`
    rows: &'a F::Rows,
    /// Of the gate, and of what it opens; as the two after them.
    factors: [&'a F; 2],
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
        let count = self.rows.as_ref().count() - self.first;
        for at in (0..gate.len().min(count)).step_by(4) {
            let mut values = [[0.0; WIDTH]; 4];
            for r in 0..4.min(count - at) {
                let row = self.first + at + r;
                values[r] = self.finish(0, row, &gate[at + r]);
                let up = self.finish(1, row, &up[at + r]);
                self.activation.apply(&mut values[r], &up);
            }
            F::put(self.coming, self.first + at, self.panel, &values);
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
        self.factors[which].finish(self.rows, row, self.panel, sums, &self.epilogues[which])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::affine::AffineWeights;
    use crate::kernels::cpu::bf16::Bf16Weights;
    use crate::kernels::cpu::int8::{Int8Factors, Int8Weights, Outliers};
    use crate::kernels::cpu::testing::{bits, engines_for_bf16, reader, wave};

    const SHAPES: [[usize; 3]; 5] = [
        [1, 5, 3],
        [12, 64, 40],
        [13, 31, 63],
        [33, 96, 65],
        [205, 31, 64],
    ];

    /// Outputs and inputs of gate, up and down, and where their weights begin.
    fn sizes([hidden, inner]: [usize; 2]) -> [[usize; 3]; 3] {
        [[inner, hidden, 3], [inner, hidden, 11], [hidden, inner, 7]]
    }

    fn epilogues([hidden, inner]: [usize; 2], has_bias: bool) -> [Epilogue; 3] {
        sizes([hidden, inner]).map(|[output, _, from]| {
            let bias = || (0..output).map(|o| wave(o + from)).collect();
            Epilogue {
                bias: has_bias.then(bias),
                activation: None,
            }
        })
    }

    /// Some of the activations reach the threshold of 8 bits.
    fn activations(rows: usize, hidden: usize) -> Vec<f32> {
        let value = |at| if at % 53 == 0 { 9.0 } else { wave(at) };
        (0..rows * hidden).map(value).collect()
    }

    /// What a test does with layers of any type of factors, on an engine.
    trait Check {
        fn check<F: Factors>(&self, engine: Engine, layers: [&F; 3], shape: [usize; 2]);
    }

    /// With factors of every type, on every engine.
    fn with_each_type(shape: [usize; 2], check: &impl Check) {
        let sizes = sizes(shape);
        let read = |input, from| reader(input, move |at| 0.2 * wave(from + at));
        let layers =
            sizes.map(|[o, input, at]| Bf16Weights::pack(o, input, read(input, at)).unwrap());
        for engine in engines_for_bf16() {
            check.check(engine, layers.each_ref(), shape);
        }
        let affine =
            sizes.map(|[o, input, at]| AffineWeights::pack(o, input, read(input, at)).unwrap());
        let int8 = sizes.map(|[output, input, at]| {
            Int8Weights::pack(output, input, Outliers::ByRow, read(input, at)).unwrap()
        });
        let int8 = int8.each_ref().map(Int8Factors::by_row);
        let mut engines = Engine::all_for_int8();
        engines.push(Engine::Portable);
        for engine in engines {
            check.check(engine, affine.each_ref(), shape);
            check.check(engine, int8.each_ref(), shape);
        }
    }

    fn forward<F: Factors>(
        engine: Engine,
        x: &[f32],
        [gate, up, down]: [&F; 3],
        [of_gate, of_up, of_down]: &[Epilogue; 3],
        activation: GateActivation,
    ) -> Vec<f32> {
        let layers = Gated {
            gate: (gate, of_gate),
            up: (up, of_up),
            down: (down, of_down),
            activation,
        };
        gated_feed_forward(engine, x, &layers)
    }

    /// The activations by their definitions.
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
    struct AsThreeProducts {
        rows: usize,
    }

    impl Check for AsThreeProducts {
        fn check<F: Factors>(&self, engine: Engine, layers: [&F; 3], shape: [usize; 2]) {
            let [hidden, _] = shape;
            let x = activations(self.rows, hidden);
            for (has_bias, activation) in [
                (false, GateActivation::Silu),
                (true, GateActivation::GeluTanh),
            ] {
                let epilogues = epilogues(shape, has_bias);
                let [gate, up] = [0, 1].map(|at| product(engine, &x, layers[at], &epilogues[at]));
                #[expect(clippy::cast_possible_truncation, reason = "an f32 is rounded")]
                let opened: Vec<f32> = gate
                    .iter()
                    .zip(&up)
                    .map(|(gate, up)| {
                        (defined(activation, f64::from(*gate)) * f64::from(*up)) as f32
                    })
                    .collect();
                let expected = product(engine, &opened, layers[2], &epilogues[2]);
                let found = forward(engine, &x, layers, &epilogues, activation);
                assert_eq!(found.len(), self.rows * hidden);
                let largest = opened.iter().fold(0f32, |most, v| v.abs().max(most));
                for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
                    // A value between may be rounded to its other neighbour: of 256 in the row's
                    // range, or in bf16.
                    assert!(
                        (found - expected).abs() < 2e-3 * (1.0 + largest),
                        "{engine:?}, {} rows, {shape:?}: number {at} is {found} and not {expected}",
                        self.rows
                    );
                }
            }
        }
    }

    #[test]
    fn as_three_products_and_the_definition() {
        for [rows, hidden, inner] in SHAPES {
            with_each_type([hidden, inner], &AsThreeProducts { rows });
        }
    }

    /// In a block of many rows, or so few that they are divided by their outputs.
    struct AloneAsTogether;

    impl Check for AloneAsTogether {
        fn check<F: Factors>(&self, engine: Engine, layers: [&F; 3], shape: [usize; 2]) {
            let ([hidden, _], rows) = (shape, 230);
            let x = activations(rows, hidden);
            let epilogues = epilogues(shape, true);
            let of = |x: &[f32]| forward(engine, x, layers, &epilogues, GateActivation::Silu);
            let together = of(&x);
            for part in [1, 5, 40, 229] {
                let end = part * hidden;
                assert_eq!(bits(&of(&x[..end])), bits(&together[..end]), "{engine:?}");
                let from = (rows - part) * hidden;
                assert_eq!(bits(&of(&x[from..])), bits(&together[from..]), "{engine:?}");
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_the_others_in_a_single_bit() {
        with_each_type([70, 100], &AloneAsTogether);
    }
}
