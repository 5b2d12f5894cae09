//! Verdicts → accuracies with intervals, section scores and averages.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::benchmark::{Benchmark, Headline, Section, Variant};
use crate::scoring::{ScoredItem, Tally};
use crate::stats;
use crate::stats::{Interval, LEVEL, Share, count};

impl Tally {
    /// Correct of all: ties and invalid items count against the model, as in the reference.
    pub(crate) fn share(&self) -> Share {
        Share {
            correct: self.correct,
            n: self.n(),
        }
    }

    pub(crate) fn accuracy(&self) -> f64 {
        self.share().value()
    }

    /// Accuracy with its interval.
    pub(crate) fn estimate(&self) -> Estimate {
        let interval = stats::mean(&[(1.0, self.share())], LEVEL);
        Estimate::new(self.accuracy(), interval)
    }
}

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    pub accuracy: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Estimate {
    fn new(accuracy: f64, Interval { low, high }: Interval) -> Self {
        Self {
            accuracy,
            low,
            high,
        }
    }
}

/// A weighted mean of subset accuracies: subsets with coefficients that add up to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture(pub Vec<(String, f64)>);

impl Mixture {
    /// `None` where nothing has a weight.
    fn new(weights: impl Iterator<Item = (String, f64)>) -> Option<Self> {
        let weights: Vec<(String, f64)> = weights.collect();
        let whole: f64 = weights.iter().map(|(_, w)| w).sum();
        (whole > 0.0).then(|| {
            Self(
                weights
                    .into_iter()
                    .map(|(subset, w)| (subset, w / whole))
                    .collect(),
            )
        })
    }

    /// The mean with its interval.
    fn estimate(&self, tallies: &BTreeMap<String, Tally>) -> Estimate {
        let strata: Vec<(f64, Share)> = self
            .0
            .iter()
            .filter_map(|(subset, w)| Some((*w, tallies.get(subset)?.share())))
            .collect();
        // Divided by the same sum, so that rounding makes no mean of ones more or less than 1.
        let mean = strata
            .iter()
            .map(|(w, share)| w * share.value())
            .sum::<f64>()
            / strata.iter().map(|(w, _)| w).sum::<f64>();
        Estimate::new(mean, stats::mean(&strata, LEVEL))
    }
}

/// Which figures some subsets have under a benchmark, and how each is made of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// Sections with at least one measured subset, in the benchmark's order.
    pub(crate) sections: Vec<(String, Mixture)>,
    /// Sections under other weights that somebody published.
    pub(crate) variants: Vec<(String, Mixture)>,
    /// Plain mean of the subsets.
    pub(crate) average: Option<Mixture>,
    /// The benchmark's headline figure, where every section was measured.
    pub(crate) headline: Option<(Headline, Mixture)>,
}

impl Figures {
    /// Without a benchmark there is no section, and nothing has a weight but in the average.
    pub(crate) fn of(measured: &BTreeSet<&str>, benchmark: Option<&Benchmark>) -> Self {
        let average = Mixture::new(measured.iter().map(|subset| ((*subset).to_owned(), 1.0)));
        let Some(benchmark) = benchmark else {
            return Self {
                average,
                ..Self::default()
            };
        };
        let mixture = |subsets: &[String], weight: &dyn Fn(&str) -> usize| {
            let measured = subsets
                .iter()
                .filter(|subset| measured.contains(subset.as_str()));
            Mixture::new(measured.map(|subset| (subset.clone(), count(weight(subset)))))
        };
        let section = |section: &Section| {
            let mixture = mixture(&section.subsets, &|subset| benchmark.weight(subset))?;
            Some((section.name.clone(), mixture))
        };
        let variant = |variant: &Variant| {
            let section = benchmark
                .sections
                .iter()
                .find(|s| s.name == variant.section)?;
            // Without the subsets that it weighs differently it would be the section itself.
            let differs = variant
                .weights
                .keys()
                .any(|subset| measured.contains(subset.as_str()));
            let weight = |subset: &str| {
                let own = variant.weights.get(subset).copied();
                own.unwrap_or_else(|| benchmark.weight(subset))
            };
            let mixture = mixture(&section.subsets, &weight)?;
            differs.then(|| (variant.label.clone(), mixture))
        };
        let sections: Vec<(String, Mixture)> =
            benchmark.sections.iter().filter_map(section).collect();
        let whole = sections.len() == benchmark.sections.len();
        let headline = benchmark
            .headline
            .clone()
            .filter(|_| whole)
            .and_then(|headline| {
                let subsets = sections
                    .iter()
                    .flat_map(|(_, section)| section.0.iter().cloned());
                Some((headline, Mixture::new(subsets)?))
            });
        let variants = benchmark.variants.iter().filter_map(variant).collect();
        Self {
            sections,
            variants,
            average,
            headline,
        }
    }
}

/// Accuracies of one column of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// By subset, in the benchmark's order; subsets it does not know follow by name.
    pub(crate) subsets: Vec<(String, Tally)>,
    /// Sections with at least one pair, in the benchmark's order.
    pub sections: Vec<(String, Estimate)>,
    /// Sections under other weights that somebody published.
    pub(crate) variants: Vec<(String, Estimate)>,
    /// Plain mean of the subset accuracies: the model card's figure.
    pub average: Estimate,
    /// The benchmark's headline figure, where every section has items.
    pub headline: Option<(Headline, Estimate)>,
    /// Over all pairs.
    pub(crate) total: Tally,
}

impl Scores {
    pub(crate) fn of(verdicts: &[ScoredItem], benchmark: Option<&Benchmark>) -> Self {
        let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
        for verdict in verdicts {
            tallies
                .entry(verdict.subset.clone())
                .or_default()
                .add(verdict.verdict());
        }
        Self::new(&tallies, benchmark)
    }

    pub fn new(tallies: &BTreeMap<String, Tally>, benchmark: Option<&Benchmark>) -> Self {
        let figures = Figures::of(&tallies.keys().map(String::as_str).collect(), benchmark);
        let estimates = |list: &[(String, Mixture)]| {
            list.iter()
                .map(|(name, mixture)| (name.clone(), mixture.estimate(tallies)))
                .collect()
        };
        let sections = benchmark.map_or(&[][..], |benchmark| &benchmark.sections);
        let known: Vec<&String> = sections.iter().flat_map(|s| &s.subsets).collect();
        let first = known
            .iter()
            .copied()
            .filter(|subset| tallies.contains_key(*subset));
        let order = first.chain(tallies.keys().filter(|subset| !known.contains(subset)));
        Self {
            subsets: order
                .map(|subset| (subset.clone(), tallies[subset]))
                .collect(),
            sections: estimates(&figures.sections),
            variants: estimates(&figures.variants),
            average: figures.average.map_or(
                Estimate {
                    accuracy: 0.0,
                    low: 0.0,
                    high: 1.0,
                },
                |mixture| mixture.estimate(tallies),
            ),
            headline: figures
                .headline
                .map(|(headline, mixture)| (headline, mixture.estimate(tallies))),
            total: tallies
                .values()
                .fold(Tally::default(), |sum, tally| sum.plus(*tally)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::verdict::tests::logits;

    fn verdicts(counts: &[(&str, usize, usize)]) -> Vec<ScoredItem> {
        let item = |subset: &str, correct: bool| ScoredItem {
            row: 0,
            subset: subset.to_owned(),
            id: None,
            outcome: logits(if correct { 1.0 } else { -1.0 }, 0.5),
            precision: None,
        };
        let of = |(subset, correct, n): &(&str, usize, usize)| {
            (0..*n)
                .map(|at| item(subset, at < *correct))
                .collect::<Vec<_>>()
        };
        counts.iter().flat_map(of).collect()
    }

    #[test]
    fn math_prm_weighs_984_in_its_section_and_one_in_the_average() {
        let scores = Scores::of(
            &verdicts(&[("math-prm", 447, 447), ("hep-cpp", 0, 164)]),
            Some(&Benchmark::reward_bench()),
        );
        assert_eq!(scores.sections.len(), 1);
        assert!((scores.sections[0].1.accuracy - 984.0 / 1148.0).abs() < 1e-12);
        assert!((scores.average.accuracy - 0.5).abs() < 1e-12);
        assert_eq!((scores.headline, scores.variants.len()), (None, 0));
    }

    /// Every subset of RewardBench under its published counts, weighed as `EXAMPLE_COUNTS` has it.
    #[test]
    fn the_rewardbench_score_is_the_mean_of_its_sections() {
        let benchmark = Benchmark::reward_bench();
        let tallies = benchmark.subsets.iter().enumerate().map(|(i, (name, n))| {
            (
                name.clone(),
                Tally {
                    correct: n - i % 7,
                    wrong: i % 7,
                    ..Tally::default()
                },
            )
        });
        let scores = Scores::new(&tallies.collect(), Some(&benchmark));
        let mean = scores.sections.iter().map(|(_, e)| e.accuracy).sum::<f64>() / 4.0;
        let (_, score) = scores.headline.unwrap();
        assert!(
            (score.accuracy - mean).abs() < 1e-12 && score.low < mean && mean < score.high,
            "{score:?}"
        );
        assert!(
            score.high - score.low
                < scores
                    .sections
                    .iter()
                    .map(|(_, e)| e.high - e.low)
                    .fold(0.0, f64::max)
        );
    }

    /// A rule `min:average:1` is met by a perfect model and nothing lies above 1, whatever the
    /// coefficients add up to.
    #[test]
    fn means_of_ones_are_one() {
        for n in 1..60 {
            let tallies: BTreeMap<String, Tally> = (0..n)
                .map(|i| {
                    (
                        format!("{i}"),
                        Tally {
                            correct: i % 7 + 1,
                            ..Tally::default()
                        },
                    )
                })
                .collect();
            let mixture = Mixture::new(
                tallies
                    .iter()
                    .map(|(name, tally)| (name.clone(), count(tally.n()))),
            )
            .unwrap();
            let mean = mixture.estimate(&tallies);
            assert!(
                (1.0..=1.0).contains(&mean.accuracy) && mean.low <= 1.0 && mean.high <= 1.0,
                "{n}: {mean:?}"
            );
        }
    }
}
