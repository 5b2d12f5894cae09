//! The product with float weights.
//!
//! The blocking is that of Goto and van de Geijn (2008, ACM TOMS 34:12): 384 inputs of one panel
//! stay in the first-level cache while a block of rows, packed twelve at a time, passes by from the
//! second level. Every output is summed in the same order whatever else is in the batch, so a row's
//! result does not depend on its neighbours in a single bit.

use pulp::Simd;

use crate::kernels::activation::Activation;
use crate::kernels::cpu::epilogue::{Epilogue, PanelOutput};
use crate::kernels::cpu::micro_kernel::{GroupColumn, PanelRow, ROWS, WIDTH, multiply, pack_rows};
use crate::kernels::cpu::packed_weights::PackedWeights;
use crate::kernels::cpu::row_blocks::{by_panels, by_rows};

/// Inputs summed before the sums go to memory.
const DEPTH: usize = 384;
/// Rows of x that a thread packs at once: 360 · 384 · 4 bytes are half of a second-level cache.
const BLOCK: usize = 360;

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
                output: PanelOutput {
                    out: &mut *out,
                    width,
                    from: at * WIDTH,
                    bias: epilogue.bias_of(panel),
                    first: start == 0,
                    gelu: depth.end == input && epilogue.activation == Some(Activation::Gelu),
                },
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
    output: PanelOutput<'a>,
}

impl pulp::WithSimd for PanelPass<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let groups = self.groups.chunks_exact(self.panel.len());
        for (row, group) in (0..).step_by(ROWS).zip(groups) {
            let sums = multiply(simd, group, self.panel);
            self.output.put(row, sums.iter().map(|sums| &sums.0));
        }
    }
}
