//! Measured accuracies beside published ones.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::benchmark::Benchmark;
use crate::benchmark::published::{Published, PublishedModel};
use crate::metrics::{Scores, Tally};

/// A published column as counts of pairs.
pub(crate) fn tallies(model: &PublishedModel, benchmark: &Benchmark) -> BTreeMap<String, Tally> {
    let tally = |[correct, n]: [usize; 2]| {
        let wrong = n.saturating_sub(correct);
        Tally {
            correct,
            wrong,
            ..Tally::default()
        }
    };
    let counts = model.counts(benchmark).into_iter();
    counts
        .map(|(subset, counts)| (subset, tally(counts)))
        .collect()
}

/// A published column with the figures that follow from its counts.
pub(crate) fn scores(model: &PublishedModel, benchmark: &Benchmark) -> Scores {
    Scores::new(&tallies(model, benchmark), Some(benchmark))
}

/// How a measured subset compares with the published figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    /// Between the lowest and the highest published count of this model, bounds included.
    WithinSpread,
    /// Beyond that, but within the 95 % interval of the published accuracy.
    WithinNoise,
    /// Outside both.
    Outside,
}

impl Standing {
    /// Its name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WithinSpread => "within-spread",
            Self::WithinNoise => "within-noise",
            Self::Outside => "outside",
        }
    }

    /// Its mark in tables.
    pub(crate) fn mark(self) -> char {
        match self {
            Self::WithinSpread => '✓',
            Self::WithinNoise => '~',
            Self::Outside => '✗',
        }
    }
}

/// A published subset beside the measured one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Beside {
    pub(crate) accuracy: f64,
    /// Measured minus published correct pairs; only where all of the subset's pairs were measured.
    pub(crate) pairs: Option<i64>,
    pub(crate) standing: Option<Standing>,
}

/// A published column beside a measured one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PublishedComparison {
    /// The name of the table.
    pub(crate) table: String,
    pub(crate) subsets: BTreeMap<String, Beside>,
    /// Sections and averages of the published counts, over the subsets that were measured.
    pub(crate) scores: Scores,
}

impl PublishedComparison {
    /// `None` where the table lacks the model.
    pub(crate) fn new(
        table: &Published,
        model: &str,
        measured: &Scores,
        benchmark: Option<&Benchmark>,
    ) -> Option<Self> {
        let own = &Benchmark::find(&table.benchmark).ok()?;
        let published = tallies(table.model(model)?, own);
        let every: Vec<BTreeMap<String, Tally>> = Published::all()
            .iter()
            .filter(|t| t.benchmark == table.benchmark)
            .filter_map(|t| t.model(model))
            .map(|m| tallies(m, own))
            .collect();
        let beside = |(subset, tally): (&String, &Tally)| {
            let counts: Vec<usize> = every
                .iter()
                .filter_map(|t| t.get(subset))
                .map(|t| t.correct)
                .collect();
            let measured = measured
                .subsets
                .iter()
                .find(|(name, _)| name == subset)
                .map(|(_, t)| *t)
                .filter(|m| m.n() == tally.n());
            (
                subset.clone(),
                Beside {
                    accuracy: tally.accuracy(),
                    pairs: measured.map(|m| difference(m.correct, tally.correct)),
                    standing: measured.map(|m| stand(m, *tally, &counts)),
                },
            )
        };
        let mut shared = published.clone();
        shared.retain(|subset, _| measured.subsets.iter().any(|(name, _)| name == subset));
        Some(Self {
            table: table.name.clone(),
            subsets: published.iter().map(beside).collect(),
            scores: Scores::new(&shared, benchmark),
        })
    }
}

fn stand(measured: Tally, published: Tally, every: &[usize]) -> Standing {
    let interval = published.estimate();
    let spread = every.iter().min().copied().unwrap_or(published.correct)
        ..=every.iter().max().copied().unwrap_or(published.correct);
    if spread.contains(&measured.correct) {
        Standing::WithinSpread
    } else if (interval.low..=interval.high).contains(&measured.accuracy()) {
        Standing::WithinNoise
    } else {
        Standing::Outside
    }
}

fn difference(measured: usize, published: usize) -> i64 {
    i64::try_from(measured).unwrap_or(i64::MAX) - i64::try_from(published).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three(value: f64) -> String {
        format!("{value:.3}")
    }

    /// Every printed figure follows from whole counts: subsets, the card's averages, the paper's
    /// sections.
    #[test]
    fn printed_figures_follow_from_counts() {
        let benchmark = Benchmark::reward_bench();
        let mut cells = 0;
        for table in Published::all() {
            for model in &table.models {
                let scores = scores(model, &benchmark);
                assert_eq!(scores.subsets.len(), 23, "{} {}", table.name, model.name);
                for (subset, tally) in &scores.subsets {
                    assert_eq!(
                        three(tally.accuracy()),
                        three(model.subset(subset).unwrap()),
                        "{} {subset}",
                        model.name
                    );
                    cells += 1;
                }
                if let Some(average) = model.average {
                    assert_eq!(three(scores.average.accuracy), three(average));
                }
                for (section, printed) in &model.sections {
                    // The paper gives XSTest other weights.
                    let computed = if section == "Safety" {
                        &scores.variants[0].1
                    } else {
                        &scores
                            .sections
                            .iter()
                            .find(|(name, _)| name == section)
                            .unwrap()
                            .1
                    };
                    assert_eq!(
                        three(computed.accuracy),
                        three(*printed),
                        "{} {section}",
                        model.name
                    );
                }
            }
        }
        assert_eq!(cells, 5 * 23);
    }

    #[test]
    fn standings_by_spread_noise_and_neither() {
        let tally = |correct| Tally {
            correct,
            wrong: 100 - correct,
            ..Tally::default()
        };
        assert_eq!(
            stand(tally(79), tally(80), &[80, 78]),
            Standing::WithinSpread
        );
        assert_eq!(
            stand(tally(77), tally(80), &[80, 78]),
            Standing::WithinNoise
        );
        assert_eq!(stand(tally(60), tally(80), &[80, 78]), Standing::Outside);
    }
}
