//! Root-mean-square normalisation.

use crate::kernels::cpu::rows::sums::sum_of;
use crate::kernels::rows::RmsNormWeights;

impl RmsNormWeights {
    /// Normalises a row `[size]` in place, in transformers' order: first the root, then the weight.
    #[inline(always)]
    pub(super) fn normalise(&self, row: &mut [f32]) {
        #[expect(clippy::cast_precision_loss, reason = "elements of a row")]
        let mean = sum_of(row, |v| v * v) / row.len() as f32;
        let factor = 1.0 / (mean + self.eps).sqrt();
        for (value, weight) in row.iter_mut().zip(self.weight.iter()) {
            *value = (*value * factor) * weight;
        }
    }
}
