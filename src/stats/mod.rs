//! Statistics of accuracies and of their differences. They work on counts and know nothing of
//! models.

pub mod bootstrap;
mod holm;
mod interval;
mod mcnemar;
mod normal;
mod random;
pub mod rounds;
mod sequential;

pub use holm::holm;
pub use interval::unpaired;
pub use mcnemar::{exact, sign_flips, smallest_detectable};
pub use sequential::Sequence;

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
    /// Without what rounding adds beyond the bounds of what is measured.
    #[must_use]
    fn within(self, least: f64, most: f64) -> Self {
        Self {
            low: self.low.clamp(least, most),
            high: self.high.clamp(least, most),
        }
    }
}

/// Correct pairs of all pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    pub correct: usize,
    pub n: usize,
}

impl Share {
    pub fn value(self) -> f64 {
        if self.n == 0 {
            0.0
        } else {
            count(self.correct) / count(self.n)
        }
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            correct: self.correct + other.correct,
            n: self.n + other.n,
        }
    }
}

/// The same pairs under two models: how many each of them, both or neither got right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PairedCounts {
    pub both: usize,
    /// Right under the baseline only.
    pub lost: usize,
    /// Right under the candidate only.
    pub gained: usize,
    pub neither: usize,
}

impl PairedCounts {
    pub fn add(&mut self, baseline: bool, candidate: bool) {
        match (baseline, candidate) {
            (true, true) => self.both += 1,
            (true, false) => self.lost += 1,
            (false, true) => self.gained += 1,
            (false, false) => self.neither += 1,
        }
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            both: self.both + other.both,
            lost: self.lost + other.lost,
            gained: self.gained + other.gained,
            neither: self.neither + other.neither,
        }
    }

    pub fn n(self) -> usize {
        self.both + self.lost + self.gained + self.neither
    }

    /// Pairs on which the models differ.
    pub fn discordant(self) -> usize {
        self.lost + self.gained
    }

    pub fn baseline(self) -> Share {
        Share {
            correct: self.both + self.lost,
            n: self.n(),
        }
    }

    pub fn candidate(self) -> Share {
        Share {
            correct: self.both + self.gained,
            n: self.n(),
        }
    }

    /// Accuracy of the candidate minus that of the baseline.
    pub fn difference(self) -> f64 {
        if self.n() == 0 {
            0.0
        } else {
            (count(self.gained) - count(self.lost)) / count(self.n())
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of rows are far below 2^52"
)]
pub(crate) fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
pub(crate) fn near(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance,
        "found {found}, expected {expected}"
    );
}
