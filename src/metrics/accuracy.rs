//! Verdicts → accuracies with intervals, section scores and averages.

use std::collections::BTreeMap;

use crate::benchmark::{Aspect, Benchmark, Headline};
use crate::metrics::estimate::Estimate;
use crate::metrics::figures::{Figures, Mixture};
use crate::metrics::subset_score::SubsetScore;
use crate::scoring::{ScoredItem, Tally};
use crate::stats::{self, LEVEL};

/// Figures of one column of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// By subset, in the benchmark's order; subsets it does not know follow by name.
    pub(crate) subsets: Vec<(String, SubsetScore)>,
    /// Sections with at least one item, in the benchmark's order.
    pub sections: Vec<(String, Estimate)>,
    /// Sections under other weights that somebody published.
    pub(crate) variants: Vec<(String, Estimate)>,
    /// Plain mean of the subsets: the model card's figure.
    pub average: Estimate,
    /// The benchmark's headline figure, where every part of it has items.
    pub headline: Option<(Headline, Estimate)>,
    /// The headline figure, or else the average, of parts of the metric.
    pub(crate) aspects: Vec<(Aspect, Estimate)>,
    /// The mean over all items, where all are scored alike.
    pub(crate) all: Option<Estimate>,
    /// Over all items.
    pub(crate) total: Tally,
}

impl Scores {
    pub(crate) fn of(scored: &[ScoredItem], benchmark: Option<&Benchmark>) -> Self {
        let mut by_subset: BTreeMap<&str, Vec<&ScoredItem>> = BTreeMap::new();
        for item in scored {
            by_subset.entry(&item.subset).or_default().push(item);
        }
        let score = |(subset, items): (&str, Vec<&ScoredItem>)| {
            let metric = Benchmark::metric_in(benchmark, subset);
            (subset.to_owned(), SubsetScore::of(metric, &items))
        };
        Self::of_subsets(&by_subset.into_iter().map(score).collect(), benchmark)
    }

    /// Of pairs of which no more is known than their verdicts.
    pub fn new(tallies: &BTreeMap<String, Tally>, benchmark: Option<&Benchmark>) -> Self {
        let score =
            |(subset, tally): (&String, &Tally)| (subset.clone(), SubsetScore::of_pairs(*tally));
        Self::of_subsets(&tallies.iter().map(score).collect(), benchmark)
    }

    fn of_subsets(scores: &BTreeMap<String, SubsetScore>, benchmark: Option<&Benchmark>) -> Self {
        let sizes: Vec<(String, usize)> = scores
            .iter()
            .map(|(subset, score)| (subset.clone(), score.n()))
            .collect();
        let figures = Figures::of(&sizes, benchmark);
        let whole = |mixture: &Mixture| estimate(mixture, Aspect::Whole, scores);
        let estimates = |list: &[(String, Mixture)]| {
            list.iter()
                .filter_map(|(name, mixture)| Some((name.clone(), whole(mixture)?)))
                .collect()
        };
        let sections = benchmark.map_or(&[][..], |benchmark| &benchmark.sections);
        let known: Vec<&String> = sections.iter().flat_map(|s| &s.subsets).collect();
        let first = known
            .iter()
            .copied()
            .filter(|subset| scores.contains_key(*subset));
        let order = first.chain(scores.keys().filter(|subset| !known.contains(subset)));
        Self {
            subsets: order
                .map(|subset| (subset.clone(), scores[subset].clone()))
                .collect(),
            sections: estimates(&figures.sections),
            variants: estimates(&figures.variants),
            average: figures.average.as_ref().and_then(whole).unwrap_or(NOTHING),
            headline: figures
                .headline
                .and_then(|(headline, mixture)| Some((headline, whole(&mixture)?))),
            aspects: figures
                .aspects
                .iter()
                .filter_map(|(aspect, mixture)| {
                    Some((*aspect, estimate(mixture, *aspect, scores)?))
                })
                .collect(),
            all: figures.all.as_ref().and_then(whole),
            total: scores
                .values()
                .fold(Tally::default(), |sum, score| sum.plus(score.tally)),
        }
    }
}

/// The mean with its interval; `None` where a subset's metric has no such aspect.
fn estimate(
    mixture: &Mixture,
    aspect: Aspect,
    scores: &BTreeMap<String, SubsetScore>,
) -> Option<Estimate> {
    let mut strata = Vec::new();
    // Divided by the same sum, so that rounding makes no mean of ones more or less than 1.
    let (mut sum, mut whole) = (0.0, 0.0);
    for (subset, weight) in &mixture.0 {
        let Some(score) = scores.get(subset) else {
            continue;
        };
        sum += weight * score.value(aspect)?;
        whole += weight;
        strata.push((*weight, score.units(aspect)?.clone()));
    }
    Some(Estimate::new(sum / whole, stats::mean_of(&strata, LEVEL)))
}

/// The mean of no subset.
const NOTHING: Estimate = Estimate {
    accuracy: 0.0,
    low: 0.0,
    high: 1.0,
};

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
            is_tie: false,
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
            let scores = Scores::new(&tallies, None);
            let mean = scores.all.unwrap();
            assert!(
                (1.0..=1.0).contains(&mean.accuracy) && mean.low <= 1.0 && mean.high <= 1.0,
                "{n}: {mean:?}"
            );
        }
    }
}
