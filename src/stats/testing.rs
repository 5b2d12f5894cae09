//! Helpers for tests of numbers.

/// Panics unless `found` is within `tolerance` of `expected`.
pub(crate) fn near(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance,
        "found {found}, expected {expected}"
    );
}
