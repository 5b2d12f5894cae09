//! Confidence intervals.

use serde::Serialize;

/// Confidence of every interval that names no other.
pub const LEVEL: f64 = 0.95;

/// Bounds of a confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    /// Both bounds clamped to the possible range, which rounding errors may exceed.
    #[must_use]
    pub(crate) fn within(self, least: f64, most: f64) -> Self {
        Self {
            low: self.low.clamp(least, most),
            high: self.high.clamp(least, most),
        }
    }
}
