//! Layer normalisation (arXiv:1607.06450).

use crate::kernels::cpu::rows::sums::sum_of;

/// The parameters of a normalisation.
pub(super) struct LayerNormWeights<'a> {
    /// `[size]`
    pub(super) gamma: &'a [f32],
    /// `[size]`
    pub(super) beta: &'a [f32],
    pub(super) eps: f32,
}

impl LayerNormWeights<'_> {
    /// Normalises a row `[size]` in place: biased variance, epsilon under the root.
    #[inline(always)]
    pub(super) fn normalise(&self, row: &mut [f32]) {
        #[expect(clippy::cast_precision_loss, reason = "elements of a row")]
        let size = row.len() as f32;
        let mean = sum_of(row, |v| v) / size;
        for value in row.iter_mut() {
            *value -= mean;
        }
        let factor = 1.0 / (sum_of(row, |v| v * v) / size + self.eps).sqrt();
        for (value, (gamma, beta)) in row.iter_mut().zip(self.gamma.iter().zip(self.beta)) {
            *value = *value * factor * gamma + beta;
        }
    }
}
