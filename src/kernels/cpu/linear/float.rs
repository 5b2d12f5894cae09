//! The product with float weights.
//!
//! The blocking is that of Goto and van de Geijn (2008, ACM TOMS 34:12): 384 inputs of one panel
//! stay in the first-level cache while a block of rows, packed twelve at a time, passes by from the
//! second level. Every output is summed in the same order whatever else is in the batch, so a row's
//! result does not depend on its neighbours in a single bit.

use pulp::Simd;
use rayon::prelude::*;

use crate::kernels::activation::Activation;
use crate::kernels::cpu::epilogue::Epilogue;
use crate::kernels::cpu::math;
use crate::kernels::cpu::micro_kernel::{GroupColumn, PanelRow, ROWS, WIDTH, multiply, pack_rows};
use crate::kernels::cpu::packed_weights::PackedWeights;
use crate::kernels::cpu::row_blocks::by_rows;

/// Inputs summed before the sums go to memory.
const DEPTH: usize = 384;
/// Rows of x that a thread packs at once: 360 · 384 · 4 bytes are half of a second-level cache.
const BLOCK: usize = 360;

/// `x`: `[rows, input]` → `[rows, output]`, on all threads.
pub(super) fn product(x: &[f32], weights: &PackedWeights, epilogue: &Epilogue) -> Vec<f32> {
    if x.len() <= ROWS * weights.input() {
        return by_panels(x, weights, epilogue);
    }
    let (input, output) = (weights.input(), weights.output());
    by_rows(x, input, output, BLOCK, ROWS, |x, out| {
        block(x, weights, 0..weights.count(), epilogue, out);
    })
}

/// Divides the panels among the threads, for a product of few rows. Shapes as in [`product`].
fn by_panels(x: &[f32], weights: &PackedWeights, epilogue: &Epilogue) -> Vec<f32> {
    let (rows, output) = (x.len() / weights.input(), weights.output());
    let mut out = vec![0f32; rows * output];
    if rows == 0 {
        return out;
    }
    let count = weights.count().div_ceil(rayon::current_num_threads());
    let firsts: Vec<usize> = (0..weights.count()).step_by(count).collect();
    let part = |first: &usize| {
        let panels = *first..(first + count).min(weights.count());
        let mut part = vec![0f32; rows * ((panels.end * WIDTH).min(output) - first * WIDTH)];
        block(x, weights, panels, epilogue, &mut part);
        part
    };
    let parts: Vec<Vec<f32>> = firsts.par_iter().map(part).collect();
    for (first, part) in firsts.iter().zip(&parts) {
        let width = part.len() / rows;
        for (to, from) in out.chunks_exact_mut(output).zip(part.chunks_exact(width)) {
            to[first * WIDTH..][..width].copy_from_slice(from);
        }
    }
    out
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
    let (mut groups, mut buffer) = (Vec::new(), Vec::new());
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
                out: &mut *out,
                width,
                from: at * WIDTH,
                bias: epilogue
                    .bias
                    .as_deref()
                    .map_or(&[], |bias| &bias[panel * WIDTH..]),
                first: start == 0,
                gelu: depth.end == input && epilogue.activation == Some(Activation::Gelu),
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
    /// `[rows, width]`
    out: &'a mut [f32],
    width: usize,
    /// The panel's first column in `out`.
    from: usize,
    /// From the panel's first output on, or empty.
    bias: &'a [f32],
    /// Whether the sums start here; otherwise they are added to what `out` holds.
    first: bool,
    /// Whether the sums are complete afterwards and go through GELU.
    gelu: bool,
}

impl pulp::WithSimd for PanelPass<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let wide = (self.width - self.from).min(WIDTH);
        let groups = self
            .out
            .chunks_mut(ROWS * self.width)
            .zip(self.groups.chunks_exact(self.panel.len()));
        for (out, group) in groups {
            let sums = multiply(simd, group, self.panel);
            for (out, sums) in out.chunks_exact_mut(self.width).zip(&sums) {
                let out = &mut out[self.from..][..wide];
                if self.first {
                    out.copy_from_slice(&sums.0[..wide]);
                    out.iter_mut().zip(self.bias).for_each(|(o, b)| *o += b);
                } else {
                    out.iter_mut().zip(&sums.0).for_each(|(o, s)| *o += s);
                }
                if self.gelu {
                    for value in out {
                        *value = math::gelu(*value);
                    }
                }
            }
        }
    }
}
