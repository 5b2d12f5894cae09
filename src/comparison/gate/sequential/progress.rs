//! The pairs that have been scored, as counts.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::benchmark::{Aspect, Benchmark, Metric};
use crate::metrics::credit;
use crate::scoring::{ScoredItem, Verdict, disagree};

/// What has been scored so far.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) subsets: BTreeMap<String, Subset>,
    /// All pairs, and those of them that are scored.
    pub(crate) pairs: usize,
    pub(crate) scored: usize,
    pub(crate) ties: usize,
    pub(crate) invalid: usize,
    /// Comparisons with two finite logits, and those among them whose orders disagree.
    pub(crate) finite: usize,
    pub(crate) disagree: usize,
}

/// A subset's items in the order of scoring: what each counts under the baseline, and what each
/// scored one counts under the candidate.
#[derive(Default)]
pub(crate) struct Subset {
    pub(crate) metric: Metric,
    pub(crate) before: Vec<Credits>,
    pub(crate) after: Vec<Credits>,
}

/// What an item counts, from 0 to 1, in every aspect of its metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Credits([f64; 4]);

impl Credits {
    /// As much as can be.
    pub(crate) const ALL: Self = Self([1.0; 4]);

    pub(crate) fn of(metric: Metric, item: &ScoredItem) -> Self {
        let whole = credit(metric, Aspect::Whole, item);
        let mut credits = [whole; 4];
        for aspect in metric.aspects() {
            credits[*aspect as usize] = credit(metric, *aspect, item);
        }
        Self(credits)
    }

    pub(crate) fn in_aspect(self, aspect: Aspect) -> f64 {
        self.0[aspect as usize]
    }
}

impl Progress {
    /// Adds a pair as the candidate scored it.
    pub(crate) fn add(&mut self, item: &ScoredItem) {
        let subset = self.subsets.entry(item.subset.clone()).or_default();
        subset.after.push(Credits::of(subset.metric, item));
        self.scored += 1;
        self.ties += usize::from(item.verdict() == Verdict::Tie);
        self.invalid += usize::from(item.verdict() == Verdict::Invalid);
        for both in item.outcome.both_orders() {
            self.finite += 1;
            self.disagree += usize::from(disagree(both));
        }
    }

    /// The subset of this name, with its metric.
    pub(crate) fn subset(&mut self, name: &str, benchmark: Option<&Benchmark>) -> &mut Subset {
        let subset = self.subsets.entry(name.to_owned()).or_default();
        subset.metric = Benchmark::metric_in(benchmark, name);
        subset
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
            metric: Metric::PairAccuracy,
            before: Vec::new(),
            after: Vec::new(),
        };
        self.subsets.get(subset).unwrap_or(NONE)
    }
}

impl Subset {
    /// The items that are not scored yet: what each counts under the baseline.
    pub(crate) fn left(&self) -> &[Credits] {
        &self.before[self.after.len().min(self.before.len())..]
    }

    /// Candidate minus baseline, of the scored items in this range.
    pub(crate) fn differences(&self, items: Range<usize>, aspect: Aspect) -> Vec<f64> {
        let sides = self.before[items.clone()].iter().zip(&self.after[items]);
        sides
            .map(|(before, after)| after.in_aspect(aspect) - before.in_aspect(aspect))
            .collect()
    }

    /// The same of all scored items.
    pub(crate) fn seen(&self, aspect: Aspect) -> Vec<f64> {
        self.differences(0..self.after.len(), aspect)
    }
}
