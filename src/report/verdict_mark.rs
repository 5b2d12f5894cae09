//! How a verdict and its margin are written.

use crate::metrics::three_digits;
use crate::scoring::Verdict;

pub(super) fn verdict_mark(verdict: Verdict) -> char {
    match verdict {
        Verdict::Correct => '✓',
        Verdict::Wrong => '✗',
        Verdict::Tie => '=',
        Verdict::Invalid => '?',
    }
}

/// Three digits after a sign; `None` where the value is not finite.
pub(super) fn signed(value: f32) -> Option<String> {
    let plus = if value > 0.0 { "+" } else { "" };
    value
        .is_finite()
        .then(|| format!("{plus}{}", three_digits(value)))
}
