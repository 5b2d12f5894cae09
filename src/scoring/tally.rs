//! How many items got which verdict.

use serde::Deserialize;

use crate::scoring::verdict::Verdict;

/// Verdicts of one subset, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Tally {
    pub correct: usize,
    pub wrong: usize,
    pub tie: usize,
    pub invalid: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Correct => self.correct += 1,
            Verdict::Wrong => self.wrong += 1,
            Verdict::Tie => self.tie += 1,
            Verdict::Invalid => self.invalid += 1,
        }
    }

    #[must_use]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            correct: self.correct + other.correct,
            wrong: self.wrong + other.wrong,
            tie: self.tie + other.tie,
            invalid: self.invalid + other.invalid,
        }
    }

    /// Correct, wrong, ties and invalid.
    pub(crate) fn parts(&self) -> [usize; 4] {
        [self.correct, self.wrong, self.tie, self.invalid]
    }

    pub(crate) fn n(&self) -> usize {
        self.parts().iter().sum()
    }
}
