//! Weights in bf16.

use std::ops::Range;

use rayon::prelude::*;

use crate::kernels::cpu::bf16::rounding::put_output;
use crate::kernels::cpu::dot::{PanelLanes, padded, some_panels};
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::packed_weights::fill_panels;
use crate::support::error::Result;

/// A weight matrix `[output, input]` rounded to bf16, in panels of `WIDTH` outputs.
#[derive(Debug)]
pub struct Bf16Weights {
    /// `[panels, input / 2]`, filled up with zeros to the depth that [`padded`] gives.
    panels: Vec<PanelLanes>,
    pub(super) input: usize,
    pub(super) output: usize,
}

impl Bf16Weights {
    /// Packs the panels in parallel. `read` fills its slice `[outputs, input]` with weights from
    /// the given output on.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn pack(
        output: usize,
        input: usize,
        read: impl Fn(usize, &mut [f32]) -> Result<()> + Sync,
    ) -> Result<Self> {
        let depth = depth(input);
        let mut panels = vec![PanelLanes::ZERO; output.div_ceil(WIDTH) * depth];
        let rows = panels.par_chunks_mut(depth.max(1));
        fill_panels(output, input, rows, read, |panel, weights| {
            let mut halves = vec![0u16; 2 * depth];
            for (at, weights) in weights.chunks_exact(input).enumerate() {
                put_output(weights, at, panel, &mut halves);
            }
        })?;
        Ok(Self {
            panels,
            input,
            output,
        })
    }

    /// Some panels.
    pub(super) fn panels(&self, panels: Range<usize>) -> impl Iterator<Item = &[PanelLanes]> {
        some_panels(&self.panels, depth(self.input), panels)
    }
}

/// Lanes of a panel.
fn depth(input: usize) -> usize {
    padded(input.div_ceil(2))
}
