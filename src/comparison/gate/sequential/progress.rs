//! The pairs that have been scored, as counts.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::benchmark::{Aspect, Benchmark, Metric};
use crate::comparison::gate::sequential::units::{Credits, Units};
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
    /// How many comparisons the pairs that are not scored have at most; `None` where that is not
    /// known.
    pub(crate) comparisons_left: Option<usize>,
}

/// A subset's units in the order of scoring: what each counts under the baseline, and what each
/// scored one counts under the candidate.
#[derive(Default)]
pub(crate) struct Subset {
    pub(crate) metric: Metric,
    /// Its pairs, scored or not.
    pub(crate) pairs: usize,
    before: Units,
    after: Units,
}

impl Progress {
    /// Adds a pair as the candidate scored it.
    pub(crate) fn add(&mut self, item: &ScoredItem) {
        let subset = self.subsets.entry(item.subset.clone()).or_default();
        subset.after.add(subset.metric, item);
        self.scored += 1;
        self.ties += usize::from(item.verdict() == Verdict::Tie);
        self.invalid += usize::from(item.verdict() == Verdict::Invalid);
        for both in item.outcome.both_orders() {
            self.finite += 1;
            self.disagree += usize::from(disagree(both));
        }
        if let Some(left) = &mut self.comparisons_left {
            *left = left.saturating_sub(item.outcome.most_comparisons());
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
            .map(|(name, subset)| (name.clone(), subset.pairs))
            .collect()
    }

    /// The number of pairs that are not scored yet.
    pub(crate) fn left(&self) -> usize {
        self.pairs - self.scored
    }

    /// Whether no unit has only some of its rows scored.
    pub(crate) fn is_at_a_boundary(&self) -> bool {
        self.subsets.values().all(|subset| subset.after.is_whole())
    }

    /// The subset of this name; empty where there is none.
    pub(crate) fn of(&self, subset: &str) -> &Subset {
        const NONE: &Subset = &Subset {
            metric: Metric::PairAccuracy,
            pairs: 0,
            before: Units::NONE,
            after: Units::NONE,
        };
        self.subsets.get(subset).unwrap_or(NONE)
    }
}

impl Subset {
    /// Adds a pair of the baseline.
    pub(crate) fn expect(&mut self, before: &ScoredItem) {
        self.pairs += 1;
        self.before.add(self.metric, before);
    }

    /// That it has so many pairs. Nothing is known of those that were not added; that they count
    /// the most under the baseline is the worst case: all of it might be lost.
    pub(crate) fn expect_at_worst(&mut self, pairs: usize) {
        self.pairs = pairs;
        let units = pairs.div_ceil(self.metric.rows_of_a_unit());
        self.before.whole.resize(units, Credits::most(self.metric));
    }

    /// Its pairs that are not scored yet.
    pub(crate) fn pairs_left(&self) -> usize {
        let of_a_unit = self.metric.rows_of_a_unit();
        let scored = self.after.whole.len() * of_a_unit + self.after.begun.len();
        self.pairs.saturating_sub(scored)
    }

    /// The number of its units.
    pub(crate) fn n(&self) -> usize {
        self.before.whole.len()
    }

    /// What each scored unit counts under the candidate.
    pub(crate) fn scored(&self) -> &[Credits] {
        &self.after.whole
    }

    /// The units that are not scored yet: what each counts under the baseline.
    pub(crate) fn left(&self) -> &[Credits] {
        &self.before.whole[self.scored().len().min(self.n())..]
    }

    /// The largest difference that a unit can make.
    pub(crate) fn span(&self) -> f64 {
        let [least, most] = self.metric.limits();
        most - least
    }

    /// Candidate minus baseline, of the scored units in this range.
    pub(crate) fn differences(&self, units: Range<usize>, aspect: Aspect) -> Vec<f64> {
        let sides = self.before.whole[units.clone()]
            .iter()
            .zip(&self.scored()[units]);
        sides
            .map(|(before, after)| after.in_aspect(aspect) - before.in_aspect(aspect))
            .collect()
    }

    /// The same of all scored units.
    pub(crate) fn seen(&self, aspect: Aspect) -> Vec<f64> {
        self.differences(0..self.scored().len().min(self.n()), aspect)
    }
}
