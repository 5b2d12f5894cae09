//! The pairs that have been scored, as counts.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::scoring::{ScoredItem, Verdict};
use crate::stats::PairedCounts;

/// What has been scored so far.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) subsets: BTreeMap<String, Subset>,
    /// All pairs, and those of them that are scored.
    pub(crate) pairs: usize,
    pub(crate) scored: usize,
    pub(crate) ties: usize,
    pub(crate) invalid: usize,
    /// Pairs with two finite logits, and those among them whose orders disagree.
    pub(crate) finite: usize,
    pub(crate) disagree: usize,
}

/// A subset's pairs in the order of scoring: whether each is right under the baseline, and whether
/// each scored one is right under the candidate.
#[derive(Default)]
pub(crate) struct Subset {
    pub(crate) before: Vec<bool>,
    pub(crate) after: Vec<bool>,
}

/// Whether the verdict is correct; a tie or an invalid pair is not.
pub(crate) fn is_right(item: &ScoredItem) -> bool {
    item.verdict() == Verdict::Correct
}

impl Progress {
    /// Adds a pair as the candidate scored it.
    pub(crate) fn add(&mut self, item: &ScoredItem) {
        let subset = self.subsets.entry(item.subset.clone()).or_default();
        subset.after.push(is_right(item));
        self.scored += 1;
        self.ties += usize::from(item.verdict() == Verdict::Tie);
        self.invalid += usize::from(item.verdict() == Verdict::Invalid);
        if let Some(both) = item.outcome.both_orders() {
            self.finite += 1;
            self.disagree += usize::from(both.disagree());
        }
    }

    /// All pairs by subset.
    pub(crate) fn planned(&self) -> BTreeMap<String, usize> {
        let subsets = self.subsets.iter();
        subsets
            .map(|(name, subset)| (name.clone(), subset.before.len()))
            .collect()
    }

    /// The number of pairs that are not scored yet.
    pub(crate) fn left(&self) -> usize {
        self.pairs - self.scored
    }

    /// The subset of this name; empty where there is none.
    pub(crate) fn of(&self, subset: &str) -> &Subset {
        const NONE: &Subset = &Subset {
            before: Vec::new(),
            after: Vec::new(),
        };
        self.subsets.get(subset).unwrap_or(NONE)
    }
}

impl Subset {
    /// All scored pairs.
    pub(crate) fn seen(&self) -> PairedCounts {
        self.counts(0..self.after.len())
    }

    /// The pairs that are not scored yet: whether each is right under the baseline.
    pub(crate) fn left(&self) -> &[bool] {
        &self.before[self.after.len().min(self.before.len())..]
    }

    /// The scored pairs in this range.
    pub(crate) fn counts(&self, pairs: Range<usize>) -> PairedCounts {
        let mut counts = PairedCounts::default();
        for (before, after) in self.before[pairs.clone()].iter().zip(&self.after[pairs]) {
            counts.add(*before, *after);
        }
        counts
    }
}
