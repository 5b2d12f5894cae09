//! Which activations stay out of the integer product.

use crate::kernels::cpu::math::half;

/// bitsandbytes' default threshold, which `rewardbench` keeps.
pub(super) const THRESHOLD: f32 = 6.0;

/// Over which token rows a column is an outlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outliers {
    /// Each row has its own: results do not depend on the batch.
    ByRow,
    /// A column with an outlier anywhere in the batch is one for all of its rows, as upstream.
    ByBatch,
}

/// The columns of `x` `[rows, input]` with a magnitude of `threshold` and more in any row,
/// `[input]`.
pub(super) fn of_batch(x: &[f32], input: usize, threshold: f32) -> Vec<bool> {
    let mut columns = vec![false; input];
    for row in x.chunks_exact(input) {
        for (column, value) in columns.iter_mut().zip(row) {
            *column |= half(*value).abs() >= threshold;
        }
    }
    columns
}
