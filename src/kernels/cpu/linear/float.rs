//! The product with float weights.
//!
//! The blocking is that of Goto and van de Geijn (2008, ACM TOMS 34:12), a level further out than
//! theirs: a block of rows, packed twelve at a time, and 1,024 inputs of one panel are both in the
//! second-level cache. From there the sums in registers get their factors in time, and go to memory
//! less often than with as many inputs as the first level holds. Every output is summed in
//! the same order whatever else is in the batch, so a row's result does not depend on its
//! neighbours in a single bit.

use pulp::Simd;

use crate::kernels::cpu::epilogue::{Epilogue, PanelEpilogue, read_panel, write_panel};
use crate::kernels::cpu::micro_kernel::{GroupColumn, PanelRow, ROWS, WIDTH, multiply, pack_rows};
use crate::kernels::cpu::packed_weights::PackedWeights;
use crate::kernels::cpu::row_blocks::{by_panels, by_rows};

/// Inputs summed before the sums go to memory.
const DEPTH: usize = 1024;
/// Rows of x that a thread packs at once: 180 · 1,024 · 4 bytes are most of a second-level cache of
/// 1 MB, which is what this was timed with.
const BLOCK: usize = 180;

/// `x`: `[rows, input]` → `[rows, output]`, on all threads.
pub(super) fn product(x: &[f32], weights: &PackedWeights, epilogue: &Epilogue) -> Vec<f32> {
    let (input, output) = (weights.input(), weights.output());
    if x.len() <= ROWS * input {
        return by_panels(x.len() / input, output, |panels, out| {
            block(x, weights, panels, epilogue, out);
        });
    }
    by_rows(x, input, output, BLOCK, ROWS, |x, out| {
        block(x, weights, 0..weights.count(), epilogue, out);
    })
}

/// A block of rows times some panels, on this thread. `x`: `[rows, input]`, `out`: `[rows, outputs
/// of the panels]`
fn block(
    x: &[f32],
    weights: &PackedWeights,
    panels: std::ops::Range<usize>,
    epilogue: &Epilogue,
    out: &mut [f32],
) {
    let input = weights.input();
    let rows = x.len() / input;
    if rows == 0 {
        return;
    }
    let width = out.len() / rows;
    let mut groups = Vec::with_capacity(rows.div_ceil(ROWS) * DEPTH.min(input));
    let mut buffer = Vec::new();
    for start in (0..input).step_by(DEPTH) {
        let depth = start..(start + DEPTH).min(input);
        groups.clear();
        pack_rows(
            x.chunks_exact(input).map(|row| &row[depth.clone()]),
            depth.len(),
            &mut groups,
        );
        for (at, panel) in panels.clone().enumerate() {
            let pass = PanelPass {
                groups: &groups,
                panel: weights.panel(panel, depth.clone(), &mut buffer),
                epilogue: epilogue.of_panel(panel),
                starts: start == 0,
                ends: depth.end == input,
                out: &mut *out,
                width,
                from: at * WIDTH,
            };
            pulp::Arch::new().dispatch(pass);
        }
    }
}

/// One panel, [`DEPTH`] inputs deep, times every row of a block.
struct PanelPass<'a> {
    /// `[row groups, depth]`
    groups: &'a [GroupColumn],
    /// `[depth]`
    panel: &'a [PanelRow],
    epilogue: PanelEpilogue,
    /// Whether the sums start here; otherwise they are added to what `out` holds.
    starts: bool,
    /// Whether the sums are complete afterwards.
    ends: bool,
    /// `[rows, width]`
    out: &'a mut [f32],
    width: usize,
    /// The panel's first column in `out`.
    from: usize,
}

impl pulp::WithSimd for PanelPass<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut out = self.out.chunks_exact_mut(self.width);
        for group in self.groups.chunks_exact(self.panel.len()) {
            let sums = multiply(simd, group, self.panel);
            // `out` second: the other way round, it would lose a row to the end of `sums`.
            for (sums, out) in sums.iter().zip(out.by_ref()) {
                let out = &mut out[self.from..];
                // By themselves, so that the compiler knows of no overlap and takes them in whole
                // registers.
                let mut values = sums.0;
                if self.starts {
                    self.epilogue.add_bias(&mut values);
                } else {
                    let held = read_panel(out);
                    values.iter_mut().zip(held).for_each(|(v, h)| *v += h);
                }
                if self.ends {
                    self.epilogue.apply_gelu(&mut values);
                }
                write_panel(&values, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::activation::Activation;
    use crate::kernels::cpu::math::gelu;
    use crate::kernels::cpu::packed_weights::Storage;
    use crate::kernels::cpu::testing::{bits, integer, reader, wave};

    /// Sums that begin, go on and end in a pass of their own, of whole panels and of parts.
    #[test]
    fn sums_of_any_depth_are_complete() {
        for [rows, input, output] in [
            [1, 5, 33],
            [12, 1024, 64],
            [13, 1025, 33],
            [205, 2083, 64],
            [361, 3072, 31],
        ] {
            let x: Vec<f32> = (0..rows * input).map(integer).collect();
            let bias: Vec<f32> = (0..output).map(|o| integer(o + 3)).collect();
            let mut expected = Vec::new();
            for row in x.chunks_exact(input) {
                for (o, bias) in bias.iter().enumerate() {
                    let products = (0..input).map(|i| row[i] * integer(o * input + i + 5));
                    expected.push(bias + products.sum::<f32>());
                }
            }
            // All of these hold small integers exactly.
            for storage in [Storage::F32, Storage::F16, Storage::Bf16] {
                let read = reader(input, |at| integer(at + 5));
                let weights = PackedWeights::pack(output, input, storage, read).unwrap();
                for activation in [None, Some(Activation::Gelu)] {
                    let epilogue = Epilogue {
                        bias: Some(bias.as_slice().into()),
                        activation,
                    };
                    let found = product(&x, &weights, &epilogue);
                    assert_eq!(found.len(), expected.len());
                    for (at, (found, sum)) in found.iter().zip(&expected).enumerate() {
                        let expected = if activation.is_some() {
                            gelu(*sum)
                        } else {
                            *sum
                        };
                        assert!(
                            (found - expected).abs() <= 1e-6 * expected.abs(),
                            "{rows} x {input} x {output}, {storage:?}, {activation:?}: number \
                             {at} is {found} and not {expected}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_the_others_in_a_single_bit() {
        let (rows, input, output) = (400, 1100, 70);
        let x: Vec<f32> = (0..rows * input).map(wave).collect();
        let read = reader(input, |at| wave(at + 7));
        let weights = PackedWeights::pack(output, input, Storage::F32, read).unwrap();
        let epilogue = Epilogue {
            bias: None,
            activation: Some(Activation::Gelu),
        };
        let together = product(&x, &weights, &epilogue);
        for part in [1, 5, 40, 399] {
            let some = product(&x[..part * input], &weights, &epilogue);
            assert_eq!(bits(&some), bits(&together[..part * output]));
            let last = product(&x[(rows - part) * input..], &weights, &epilogue);
            assert_eq!(bits(&last), bits(&together[(rows - part) * output..]));
        }
    }
}
