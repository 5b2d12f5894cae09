//! What has been scored, counted.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::scoring::{ScoredItem, Verdict};
use crate::stats::PairedCounts;

/// What has been scored.
#[derive(Default)]
pub struct Progress {
    pub subsets: BTreeMap<String, Subset>,
    pub pairs: usize,
    pub scored: usize,
    pub ties: usize,
    pub invalid: usize,
    /// Pairs with two finite logits, and those among them whose orders disagree.
    pub finite: usize,
    pub disagree: usize,
}

/// A subset's pairs in the order of scoring: whether they are right under the baseline, and those
/// scored under the candidate.
#[derive(Default)]
pub struct Subset {
    pub before: Vec<bool>,
    pub after: Vec<bool>,
}

/// A tie or an invalid pair is not.
pub fn is_right(verdict: &ScoredItem) -> bool {
    verdict.verdict() == Verdict::Correct
}

impl Progress {
    pub fn add(&mut self, verdict: &ScoredItem) {
        self.subsets
            .entry(verdict.subset.clone())
            .or_default()
            .after
            .push(is_right(verdict));
        self.scored += 1;
        self.ties += usize::from(verdict.verdict() == Verdict::Tie);
        self.invalid += usize::from(verdict.verdict() == Verdict::Invalid);
        if let Some(both) = verdict.outcome.both_orders() {
            self.finite += 1;
            self.disagree += usize::from(both.disagree());
        }
    }

    pub fn of(&self, subset: &str) -> &Subset {
        const NONE: &Subset = &Subset {
            before: Vec::new(),
            after: Vec::new(),
        };
        self.subsets.get(subset).unwrap_or(NONE)
    }
}

impl Subset {
    pub fn seen(&self) -> PairedCounts {
        self.fourfold(0..self.after.len())
    }

    /// The baseline's on the pairs to come.
    pub fn left(&self) -> &[bool] {
        &self.before[self.after.len().min(self.before.len())..]
    }

    pub fn fourfold(&self, pairs: Range<usize>) -> PairedCounts {
        let mut table = PairedCounts::default();
        for (before, after) in self.before[pairs.clone()].iter().zip(&self.after[pairs]) {
            table.add(*before, *after);
        }
        table
    }
}
