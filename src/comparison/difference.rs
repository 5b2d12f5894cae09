//! One line of a comparison: two accuracies and what is known about their difference.

use crate::metrics::Estimate;
use crate::stats;
use crate::stats::{Interval, LEVEL, PairedCounts, Share, bootstrap};

/// Counts of each subset of a line, with its coefficient in the line's mean.
#[derive(Debug, Clone, PartialEq)]
pub enum Strata {
    /// The same pairs under both models.
    Paired(Vec<(f64, PairedCounts)>),
    /// Baseline and candidate, which nothing connects pair by pair.
    Unpaired(Vec<(f64, [Share; 2])>),
}

/// How a line sums up its subsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Every pair weighs the same.
    Pool,
    /// A weighted mean of subset accuracies.
    Mean,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub name: String,
    /// What rules of a gate call it.
    pub word: String,
    /// What it covers.
    pub subsets: Vec<String>,
    /// Pairs compared; unpaired those of the candidate.
    pub n: usize,
    pub baseline: Estimate,
    pub candidate: Estimate,
    /// Candidate minus baseline.
    pub value: f64,
    /// 95 %.
    pub interval: Interval,
    /// Unpaired comparisons have only the above.
    pub pairs: Option<Pairs>,
    kind: Kind,
    strata: Strata,
}

/// What matched pairs tell beyond accuracies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pairs {
    /// Correct under the candidate only, and under the baseline only.
    pub gained: usize,
    pub lost: usize,
    /// Two-sided, exact.
    pub p: f64,
    /// The same, corrected for the number of subsets; only lines of subsets have it.
    pub holm: Option<f64>,
    /// The smallest difference that these pairs show with 80 % power at 5 %.
    pub showable: Option<f64>,
}

impl Difference {
    pub fn new(
        [name, word]: [String; 2],
        kind: Kind,
        subsets: Vec<String>,
        strata: Strata,
        [baseline, candidate]: [Estimate; 2],
    ) -> Self {
        let (n, pairs) = match &strata {
            Strata::Unpaired(strata) => (strata.iter().map(|(_, sides)| sides[1].n).sum(), None),
            Strata::Paired(strata) => {
                let all = pooled(strata);
                let p = stats::sign_flips(strata);
                (
                    all.n(),
                    Some(Pairs {
                        gained: all.gained,
                        lost: all.lost,
                        p,
                        holm: None,
                        showable: stats::smallest_detectable(strata),
                    }),
                )
            }
        };
        let value = candidate.accuracy - baseline.accuracy;
        let interval = interval(kind, &strata, LEVEL);
        Self {
            name,
            word,
            subsets,
            n,
            baseline,
            candidate,
            value,
            interval,
            pairs,
            kind,
            strata,
        }
    }

    /// The interval with another confidence.
    pub fn interval_at(&self, level: f64) -> Interval {
        interval(self.kind, &self.strata, level)
    }

    /// Whether every pair is as right under one model as under the other.
    pub fn is_unchanged(&self) -> bool {
        self.pairs
            .is_some_and(|pairs| pairs.gained + pairs.lost == 0)
    }
}

fn interval(kind: Kind, strata: &Strata, level: f64) -> Interval {
    match (strata, kind) {
        (Strata::Paired(strata), Kind::Pool) => pooled(strata).interval(level),
        (Strata::Paired(strata), Kind::Mean) => bootstrap::paired(strata, level),
        (Strata::Unpaired(strata), Kind::Pool) => {
            let [baseline, candidate] = [0, 1].map(|side| {
                strata
                    .iter()
                    .fold(Share::default(), |sum, (_, sides)| sum.plus(sides[side]))
            });
            stats::unpaired(baseline, candidate, level)
        }
        (Strata::Unpaired(strata), Kind::Mean) => bootstrap::unpaired(strata, level),
    }
}

fn pooled(strata: &[(f64, PairedCounts)]) -> PairedCounts {
    strata
        .iter()
        .fold(PairedCounts::default(), |sum, (_, f)| sum.plus(*f))
}
