//! Counts of pairs, and the shares and differences that follow from them.

/// Correct pairs out of `n`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    pub correct: usize,
    pub n: usize,
}

impl Share {
    /// `correct / n`; 0 without pairs.
    pub fn value(self) -> f64 {
        if self.n == 0 {
            0.0
        } else {
            count(self.correct) / count(self.n)
        }
    }

    /// The share of both samples together.
    #[must_use]
    pub(crate) fn plus(self, other: Self) -> Self {
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
    /// Adds a pair: whether each model got it right.
    pub fn add(&mut self, baseline: bool, candidate: bool) {
        match (baseline, candidate) {
            (true, true) => self.both += 1,
            (true, false) => self.lost += 1,
            (false, true) => self.gained += 1,
            (false, false) => self.neither += 1,
        }
    }

    pub fn n(self) -> usize {
        self.both + self.lost + self.gained + self.neither
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
}

/// A count of rows as a floating-point number.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of rows are far below 2^52"
)]
pub(crate) fn count(n: usize) -> f64 {
    n as f64
}
