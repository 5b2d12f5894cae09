//! One figure under both models, and the statistics of the difference.

use crate::comparison::figure::{Aggregation, Figure};
use crate::metrics::Estimate;
use crate::stats;
use crate::stats::{Interval, LEVEL, PairedValues, Share, Values};

/// Counts of each subset of a figure, with its coefficient in the figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SubsetCounts {
    /// The same units under both models.
    Paired(Vec<(f64, PairedValues)>),
    /// Baseline and candidate, whose pairs are not matched.
    Unpaired(Vec<(f64, [Share; 2])>),
}

/// A figure of the candidate against the same figure of the baseline.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    pub(crate) name: String,
    /// Its name in rules of a gate.
    pub(crate) key: String,
    /// The subsets that it sums up.
    pub(crate) subsets: Vec<String>,
    /// Pairs compared; in an unpaired comparison the candidate's.
    pub(crate) n: usize,
    pub(crate) baseline: Estimate,
    pub(crate) candidate: Estimate,
    /// Candidate minus baseline.
    pub(crate) value: f64,
    /// 95 %.
    pub(crate) interval: Interval,
    /// `None` in unpaired comparisons.
    pub(crate) pairs: Option<PairedTest>,
    aggregation: Aggregation,
    counts: SubsetCounts,
}

/// What matched pairs show beyond accuracies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PairedTest {
    /// Units that count more under the candidate, and less; of pairs those that are correct under
    /// one side only.
    pub(crate) gained: usize,
    pub(crate) lost: usize,
    /// The two-sided p-value.
    pub(crate) p: f64,
    /// The same with Holm's correction for the number of subsets; `None` for other figures.
    pub(crate) holm: Option<f64>,
    /// The smallest difference that so many pairs detect with 80 % power at 5 %.
    pub(crate) detectable: Option<f64>,
}

impl Difference {
    pub(crate) fn new(
        figure: Figure,
        counts: SubsetCounts,
        [baseline, candidate]: [Estimate; 2],
    ) -> Self {
        let (n, pairs) = match &counts {
            SubsetCounts::Unpaired(subsets) => {
                (subsets.iter().map(|(_, sides)| sides[1].n).sum(), None)
            }
            SubsetCounts::Paired(subsets) => (
                subsets.iter().map(|(_, values)| values.n()).sum(),
                Some(PairedTest::new(subsets)),
            ),
        };
        let subsets = figure.weights.into_iter().map(|(subset, _)| subset);
        Self {
            name: figure.name,
            key: figure.key,
            subsets: subsets.collect(),
            n,
            baseline,
            candidate,
            value: candidate.accuracy - baseline.accuracy,
            interval: interval(figure.aggregation, &counts, LEVEL),
            pairs,
            aggregation: figure.aggregation,
            counts,
        }
    }

    /// With the interval and the two-sided p-value of a confidence sequence, which take the place
    /// of those that hold for a fixed number of pairs only.
    pub(crate) fn set_sequential(&mut self, interval: Interval, p: f64) {
        self.interval = interval;
        if let Some(pairs) = &mut self.pairs {
            pairs.p = p;
            pairs.detectable = None;
        }
    }

    /// The interval at another confidence level.
    pub(crate) fn interval_at(&self, level: f64) -> Interval {
        interval(self.aggregation, &self.counts, level)
    }

    /// The p-value that it would have with every pair lost; `None` in unpaired comparisons.
    pub(crate) fn least_p(&self) -> Option<f64> {
        let SubsetCounts::Paired(subsets) = &self.counts else {
            return None;
        };
        let lost: Vec<(f64, Values)> = subsets
            .iter()
            .map(|(weight, values)| (*weight, values.all_lost()))
            .collect();
        Some(stats::p_value_of(&lost))
    }

    /// Whether no matched pair is gained or lost; false in unpaired comparisons.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.pairs
            .is_some_and(|pairs| pairs.gained + pairs.lost == 0)
    }
}

impl PairedTest {
    fn new(subsets: &[(f64, PairedValues)]) -> Self {
        let differences = differences(subsets);
        let sum = |of: fn(&PairedValues) -> usize| subsets.iter().map(|(_, own)| of(own)).sum();
        Self {
            gained: sum(PairedValues::gained),
            lost: sum(PairedValues::lost),
            p: stats::p_value_of(&differences),
            holm: None,
            detectable: stats::smallest_detectable(&differences),
        }
    }
}

fn differences(subsets: &[(f64, PairedValues)]) -> Vec<(f64, Values)> {
    let one = |(weight, values): &(f64, PairedValues)| (*weight, values.differences());
    subsets.iter().map(one).collect()
}

fn interval(aggregation: Aggregation, counts: &SubsetCounts, level: f64) -> Interval {
    match (counts, aggregation) {
        (SubsetCounts::Paired(subsets), _) => stats::difference(&differences(subsets), level),
        (SubsetCounts::Unpaired(subsets), Aggregation::Mean) => stats::unpaired(subsets, level),
        (SubsetCounts::Unpaired(subsets), Aggregation::Pooled) => {
            let sides = [0, 1].map(|side| pooled_share(subsets, side));
            stats::unpaired(&[(1.0, sides)], level)
        }
    }
}

fn pooled_share(subsets: &[(f64, [Share; 2])], side: usize) -> Share {
    subsets
        .iter()
        .fold(Share::default(), |sum, (_, sides)| sum.plus(sides[side]))
}
