//! Weights in 8 bits, with their sums.

use std::ops::Range;

use rayon::prelude::*;

use crate::kernels::cpu::dot::{PanelLanes, padded, some_panels};
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::packed_weights::fill_panels;
use crate::support::error::Result;

/// A weight matrix `[output, input]` in 8 bits, in panels of `WIDTH` outputs.
#[derive(Debug)]
pub struct AffineWeights {
    /// `[panels, input / 4]`, filled up to the depth that [`padded`] gives. Weights are raised by
    /// 128, see [`PanelLanes`].
    panels: Vec<PanelLanes>,
    outputs: Vec<OutputScale>,
    pub(super) input: usize,
    pub(super) output: usize,
}

/// Of one output's weights.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OutputScale {
    /// A weight is this times its integer.
    pub(super) scale: f32,
    /// Of the integers.
    pub(super) sum: f32,
}

impl AffineWeights {
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
        let count = output.div_ceil(WIDTH);
        let mut panels = vec![PanelLanes([[128; 4]; WIDTH]); count * depth];
        let mut outputs = vec![OutputScale::default(); count * WIDTH];
        let both = panels
            .par_chunks_mut(depth.max(1))
            .zip(outputs.par_chunks_mut(WIDTH));
        fill_panels(output, input, both, read, |(panel, outputs), weights| {
            for (at, weights) in weights.chunks_exact(input).enumerate() {
                outputs[at] = pack_output(weights, at, panel);
            }
        })?;
        Ok(Self {
            panels,
            outputs,
            input,
            output,
        })
    }

    /// Some panels.
    pub(super) fn panels(&self, panels: Range<usize>) -> impl Iterator<Item = &[PanelLanes]> {
        some_panels(&self.panels, depth(self.input), panels)
    }

    /// Of the outputs of a panel; of those after the last, 0.
    pub(super) fn scales(&self, panel: usize) -> &[OutputScale; WIDTH] {
        &self.outputs.as_chunks::<WIDTH>().0[panel]
    }

    /// The weights of one input to the outputs of a panel, as integers.
    pub(super) fn column(&self, panel: usize, input: usize) -> [f32; WIDTH] {
        let lanes = &self.panels[panel * depth(self.input) + input / 4];
        lanes.0.map(|lane| f32::from(lane[input % 4]) - 128.0)
    }
}

/// Lanes of a panel.
fn depth(input: usize) -> usize {
    padded(input.div_ceil(4))
}

/// Rounds one output's weights `[input]` and writes them into its place `at` in a panel.
fn pack_output(weights: &[f32], at: usize, panel: &mut [PanelLanes]) -> OutputScale {
    let largest = weights.iter().fold(0f32, |most, v| v.abs().max(most));
    let factor = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    let mut sum = 0.0;
    for (i, weight) in weights.iter().enumerate() {
        let integer = (weight * factor).round_ties_even().clamp(-127.0, 127.0);
        sum += integer;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 1 to 255"
        )]
        let raised = (integer + 128.0) as u8;
        panel[i / 4].0[at][i % 4] = raised;
    }
    OutputScale {
        scale: largest / 127.0,
        sum,
    }
}
