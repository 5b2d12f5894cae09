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
