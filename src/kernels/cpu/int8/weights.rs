//! Weights in 8 bits.

use std::ops::Range;

use rayon::prelude::*;

use crate::kernels::cpu::dot::{PanelLanes, padded, some_panels};
use crate::kernels::cpu::int8::outliers::{Outliers, THRESHOLD};
use crate::kernels::cpu::int8::quantise::{factor, quantise};
use crate::kernels::cpu::math::half;
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::packed_weights::fill_panels;
use crate::support::error::Result;

/// A weight matrix `[output, input]` in 8 bits, in panels of `WIDTH` outputs.
#[derive(Debug)]
pub struct Int8Weights {
    /// `[panels, input / 4]`, filled up to the depth that [`padded`] gives. Weights are raised by
    /// 128, see [`PanelLanes`].
    panels: Vec<PanelLanes>,
    /// Largest magnitude of each output's weights, `[panels · WIDTH]`.
    pub(super) scales: Vec<f32>,
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) outliers: Outliers,
    /// Magnitude from which on an activation is an outlier.
    pub(super) threshold: f32,
}

impl Int8Weights {
    /// Packs the panels in parallel. `read` fills its slice `[outputs, input]` with weights from
    /// the given output on.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn pack(
        output: usize,
        input: usize,
        outliers: Outliers,
        read: impl Fn(usize, &mut [f32]) -> Result<()> + Sync,
    ) -> Result<Self> {
        let depth = padded(input.div_ceil(4));
        let count = output.div_ceil(WIDTH);
        let mut panels = vec![PanelLanes([[128; 4]; WIDTH]); count * depth];
        let mut scales = vec![0f32; count * WIDTH];
        let both = panels
            .par_chunks_mut(depth.max(1))
            .zip(scales.par_chunks_mut(WIDTH));
        fill_panels(output, input, both, read, |(panel, scales), weights| {
            for (at, weights) in weights.chunks_exact_mut(input).enumerate() {
                scales[at] = pack_output(weights, at, panel);
            }
        })?;
        Ok(Self {
            panels,
            scales,
            input,
            output,
            outliers,
            threshold: THRESHOLD,
        })
    }

    pub(crate) fn outliers(&self) -> Outliers {
        self.outliers
    }

    /// Some panels.
    pub(super) fn panels(&self, panels: Range<usize>) -> impl Iterator<Item = &[PanelLanes]> {
        some_panels(&self.panels, self.depth(), panels)
    }

    /// Lanes of a panel.
    fn depth(&self) -> usize {
        padded(self.input.div_ceil(4))
    }

    /// The 8-bit weight of an output and an input.
    pub(super) fn weight(&self, output: usize, input: usize) -> f32 {
        let lanes = &self.panels[output / WIDTH * self.depth() + input / 4];
        f32::from(lanes.0[output % WIDTH][input % 4]) - 128.0
    }
}

/// Rounds one output's weights `[input]` and writes them into its place `at` in a panel → their
/// largest magnitude.
fn pack_output(weights: &mut [f32], at: usize, panel: &mut [PanelLanes]) -> f32 {
    for weight in weights.iter_mut() {
        *weight = half(*weight);
    }
    let scale = weights.iter().fold(0.0, |most, v| v.abs().max(most));
    let factor = factor(scale);
    for (i, weight) in weights.iter().enumerate() {
        panel[i / 4].0[at][i % 4] = quantise(*weight, factor).wrapping_add(-128).cast_unsigned();
    }
    scale
}
