//! Root-mean-square normalisation.

use crate::kernels::rows::RmsNormWeights;

impl RmsNormWeights {
    /// Normalises a row `[size]` in place, in transformers' order: first the root, then the weight.
    #[inline(always)]
    pub(super) fn normalise(&self, row: &mut [f32]) {
        #[expect(clippy::cast_precision_loss, reason = "elements of a row")]
        let mean = sum_of_squares(row) / row.len() as f32;
        let factor = 1.0 / (mean + self.eps).sqrt();
        for (value, weight) in row.iter_mut().zip(self.weight.iter()) {
            *value = (*value * factor) * weight;
        }
    }
}

/// In sixteen lanes, in a fixed order.
#[inline(always)]
fn sum_of_squares(row: &[f32]) -> f32 {
    let mut lanes = [0f32; 16];
    let (chunks, rest) = row.as_chunks::<16>();
    for chunk in chunks {
        for (lane, v) in lanes.iter_mut().zip(chunk) {
            *lane += v * v;
        }
    }
    for (lane, v) in lanes.iter_mut().zip(rest) {
        *lane += v * v;
    }
    lanes.iter().sum()
}
