//! Helpers for tests of numbers.

use crate::stats::PairedCounts;

/// `n` pairs of which some change and the others are right under both models.
pub(crate) fn changed(n: usize, lost: usize, gained: usize) -> PairedCounts {
    PairedCounts {
        both: n - lost - gained,
        lost,
        gained,
        neither: 0,
    }
}

/// Panics unless `found` is within `tolerance` of `expected`.
pub(crate) fn near(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance,
        "found {found}, expected {expected}"
    );
}
