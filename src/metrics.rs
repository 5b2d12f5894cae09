//! Verdicts → accuracies with intervals, section scores and averages.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::benchmark::Benchmark;
use crate::score::{Decision, Verdict};
use crate::stats::{Interval, LEVEL, Share, bootstrap, count};

/// Decisions of one subset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Tally {
    pub correct: usize,
    pub wrong: usize,
    pub tie: usize,
    pub invalid: usize,
}

impl Tally {
    pub fn add(&mut self, decision: Decision) {
        match decision {
            Decision::Correct => self.correct += 1,
            Decision::Wrong => self.wrong += 1,
            Decision::Tie => self.tie += 1,
            Decision::Invalid => self.invalid += 1,
        }
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { correct: self.correct + other.correct, wrong: self.wrong + other.wrong, tie: self.tie + other.tie, invalid: self.invalid + other.invalid }
    }

    /// Correct, wrong, ties and invalid.
    pub fn parts(&self) -> [usize; 4] {
        [self.correct, self.wrong, self.tie, self.invalid]
    }

    pub fn n(&self) -> usize {
        self.parts().iter().sum()
    }

    /// Correct of all: ties and invalid pairs count against the model, as in the reference.
    pub fn share(&self) -> Share {
        Share { correct: self.correct, n: self.n() }
    }

    pub fn accuracy(&self) -> f64 {
        self.share().value()
    }

    /// Accuracy with its Wilson interval.
    pub fn estimate(&self) -> Estimate {
        Estimate::new(self.accuracy(), self.share().wilson(LEVEL))
    }
}

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    pub accuracy: f64,
    pub low: f64,
    pub high: f64,
}

impl Estimate {
    fn new(accuracy: f64, Interval { low, high }: Interval) -> Self {
        Self { accuracy, low, high }
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
        (whole > 0.0).then(|| Self(weights.into_iter().map(|(subset, w)| (subset, w / whole)).collect()))
    }

    /// The mean with its bootstrap interval.
    fn estimate(&self, tallies: &BTreeMap<String, Tally>) -> Estimate {
        let strata: Vec<(f64, Share)> = self.0.iter().filter_map(|(subset, w)| Some((*w, tallies.get(subset)?.share()))).collect();
        // Divided by the same sum, so that rounding makes no mean of ones more or less than 1.
        let mean = strata.iter().map(|(w, share)| w * share.value()).sum::<f64>() / strata.iter().map(|(w, _)| w).sum::<f64>();
        Estimate::new(mean, bootstrap::mean(&strata, LEVEL))
    }
}

/// Which figures some subsets have under a benchmark, and how each is made of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Sections with at least one measured subset, in the benchmark's order.
    pub sections: Vec<(String, Mixture)>,
    /// Sections under other weights that somebody published.
    pub variants: Vec<(String, Mixture)>,
    /// Plain mean of the subsets.
    pub average: Option<Mixture>,
    /// Plain mean of RewardBench's sections, where every one was measured.
    pub rewardbench: Option<Mixture>,
}

impl Figures {
    pub fn of(measured: &BTreeSet<&str>, benchmark: &Benchmark) -> Self {
        let mixture = |subsets: &[String], weight: &dyn Fn(&str) -> usize| {
            Mixture::new(subsets.iter().filter(|s| measured.contains(s.as_str())).map(|s| (s.clone(), count(weight(s)))))
        };
        let sections: Vec<(String, Mixture)> =
            benchmark.sections.iter().filter_map(|s| Some((s.name.clone(), mixture(&s.subsets, &|subset| benchmark.weight(subset))?))).collect();
        let variants = benchmark.variants.iter().filter_map(|variant| {
            let subsets = &benchmark.sections.iter().find(|s| s.name == variant.section)?.subsets;
            // Without the subsets that it weighs differently it would be the section itself.
            let differs = variant.weights.keys().any(|subset| measured.contains(subset.as_str()));
            let weighed = mixture(subsets, &|subset| variant.weights.get(subset).copied().unwrap_or_else(|| benchmark.weight(subset)))?;
            differs.then(|| (variant.label.clone(), weighed))
        });
        let whole = benchmark.name == "reward-bench" && sections.len() == benchmark.sections.len();
        let rewardbench = Mixture::new(sections.iter().flat_map(|(_, section)| section.0.iter().cloned())).filter(|_| whole);
        let average = Mixture::new(measured.iter().map(|subset| ((*subset).to_owned(), 1.0)));
        Self { variants: variants.collect(), average, rewardbench, sections }
    }
}

/// What depends on which answer stands on the left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PositionBias {
    /// Pairs with two finite logits.
    pub n: usize,
    /// Share of pairs whose two orders, each read alone, prefer different answers.
    pub disagree: f64,
    /// Accuracy of the order with the chosen answer left alone (logit > 0).
    pub accuracy_chosen_first: f64,
    /// Accuracy of the order with the rejected answer left alone (logit < 0).
    pub accuracy_rejected_first: f64,
}

/// Accuracies of one column of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// By subset, in the benchmark's order; subsets it does not know follow by name.
    pub subsets: Vec<(String, Tally)>,
    /// Sections with at least one pair, in the benchmark's order.
    pub sections: Vec<(String, Estimate)>,
    /// Sections under other weights that somebody published.
    pub variants: Vec<(String, Estimate)>,
    /// Plain mean of the subset accuracies: the model card's figure.
    pub average: Estimate,
    /// Mean of RewardBench's section scores, where every section has pairs.
    pub rewardbench: Option<Estimate>,
    /// Over all pairs.
    pub total: Tally,
}

impl Scores {
    pub fn of(verdicts: &[Verdict], benchmark: &Benchmark) -> Self {
        let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
        for verdict in verdicts {
            tallies.entry(verdict.subset.clone()).or_default().add(verdict.decision);
        }
        Self::new(&tallies, benchmark)
    }

    pub fn new(tallies: &BTreeMap<String, Tally>, benchmark: &Benchmark) -> Self {
        let figures = Figures::of(&tallies.keys().map(String::as_str).collect(), benchmark);
        let estimates = |list: &[(String, Mixture)]| list.iter().map(|(name, mixture)| (name.clone(), mixture.estimate(tallies))).collect();
        let known: Vec<&String> = benchmark.sections.iter().flat_map(|s| &s.subsets).collect();
        let first = known.iter().copied().filter(|subset| tallies.contains_key(*subset));
        let order = first.chain(tallies.keys().filter(|subset| !known.contains(subset)));
        Self {
            subsets: order.map(|subset| (subset.clone(), tallies[subset])).collect(),
            sections: estimates(&figures.sections),
            variants: estimates(&figures.variants),
            average: figures.average.map_or(Estimate { accuracy: 0.0, low: 0.0, high: 1.0 }, |mixture| mixture.estimate(tallies)),
            rewardbench: figures.rewardbench.map(|mixture| mixture.estimate(tallies)),
            total: tallies.values().fold(Tally::default(), |sum, tally| sum.plus(*tally)),
        }
    }
}

/// How a model came to its verdicts: what the accuracies do not show.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Behaviour {
    pub position_bias: PositionBias,
    pub truncated: Truncated,
    /// 5, 25, 50, 75 and 95 % quantiles of the finite margins; `None` without any.
    pub margins: Option<[f32; 5]>,
}

/// Pairs of which truncation removed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Truncated {
    pub source: usize,
    pub chosen: usize,
    pub rejected: usize,
    /// Pairs with a cut anywhere.
    pub any: usize,
}

impl Behaviour {
    pub fn of(verdicts: &[Verdict]) -> Self {
        let count = |cut: fn(&Verdict) -> usize| verdicts.iter().filter(|v| cut(v) > 0).count();
        Self {
            position_bias: position_bias(verdicts),
            truncated: Truncated {
                source: count(|v| v.source_cut),
                chosen: count(|v| v.chosen_cut),
                rejected: count(|v| v.rejected_cut),
                any: count(|v| v.source_cut + v.chosen_cut + v.rejected_cut),
            },
            margins: quantiles(verdicts.iter().map(|v| v.margin).filter(|m| m.is_finite()).collect()),
        }
    }
}

/// How many finite margins have a magnitude below this share of their standard deviation, and of how many.
/// Margins of exactly 0 come from equal token rows and are in no doubt.
pub fn margins_within(verdicts: &[Verdict], share: f64) -> (usize, usize) {
    let margins: Vec<f64> = verdicts.iter().map(|v| f64::from(v.margin)).filter(|m| m.is_finite()).collect();
    let n = count(margins.len()).max(1.0);
    let mean = margins.iter().sum::<f64>() / n;
    let deviation = (margins.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / n).sqrt();
    (margins.iter().filter(|m| **m != 0.0 && m.abs() < share * deviation).count(), margins.len())
}

/// A margin for people: three digits that matter, as processors differ in the seventh.
pub fn three_digits(margin: f32) -> String {
    let decimals = match margin.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{margin:.decimals$}")
}

/// By linear interpolation between order statistics (type 7 of Hyndman and Fan, 1996, The American
/// Statistician 50:361; numpy's default).
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positions in a list")]
fn quantiles(mut values: Vec<f32>) -> Option<[f32; 5]> {
    values.sort_unstable_by(f32::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some([0.05, 0.25, 0.5, 0.75, 0.95].map(|share| {
        let at = share * last as f64;
        let (below, above) = (values[at.floor() as usize], values[at.ceil() as usize]);
        below + (above - below) * at.fract() as f32
    }))
}

/// Whether the two orders, each read alone, prefer different answers; `None` without two finite logits.
pub fn orders_disagree(verdict: &Verdict) -> Option<bool> {
    verdict.margin.is_finite().then_some((verdict.logit_ab > 0.0) != (verdict.logit_ba < 0.0))
}

fn position_bias(verdicts: &[Verdict]) -> PositionBias {
    let scored: Vec<&Verdict> = verdicts.iter().filter(|v| v.margin.is_finite()).collect();
    let share = |test: fn(&Verdict) -> bool| Share { correct: scored.iter().filter(|v| test(v)).count(), n: scored.len() }.value();
    PositionBias {
        n: scored.len(),
        disagree: share(|v| orders_disagree(v) == Some(true)),
        accuracy_chosen_first: share(|v| v.logit_ab > 0.0),
        accuracy_rejected_first: share(|v| v.logit_ba < 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(counts: &[(&str, usize, usize)]) -> Vec<Verdict> {
        let verdict = |subset: &str, correct: bool| Verdict {
            row: 0,
            subset: subset.to_owned(),
            id: None,
            logit_ab: if correct { 1.0 } else { -1.0 },
            logit_ba: 0.5,
            margin: if correct { 0.5 } else { -1.5 },
            decision: if correct { Decision::Correct } else { Decision::Wrong },
            reason: None,
            tokens_ab: 0,
            tokens_ba: 0,
            source_cut: 0,
            chosen_cut: 0,
            rejected_cut: 0,
        };
        counts.iter().flat_map(|(subset, correct, n)| (0..*n).map(move |i| verdict(subset, i < *correct))).collect()
    }

    #[test]
    fn math_prm_weighs_984_in_its_section_and_one_in_the_average() {
        let scores = Scores::of(&verdicts(&[("math-prm", 447, 447), ("hep-cpp", 0, 164)]), &Benchmark::reward_bench());
        assert_eq!(scores.sections.len(), 1);
        assert!((scores.sections[0].1.accuracy - 984.0 / 1148.0).abs() < 1e-12);
        assert!((scores.average.accuracy - 0.5).abs() < 1e-12);
        assert_eq!((scores.rewardbench, scores.variants.len()), (None, 0));
    }

    /// Every subset of RewardBench under its published counts, weighed as `EXAMPLE_COUNTS` has it.
    #[test]
    fn the_rewardbench_score_is_the_mean_of_its_sections() {
        let benchmark = Benchmark::reward_bench();
        let tallies = benchmark.subsets.iter().enumerate().map(|(i, (name, n))| (name.clone(), Tally { correct: n - i % 7, wrong: i % 7, ..Tally::default() }));
        let scores = Scores::new(&tallies.collect(), &benchmark);
        let mean = scores.sections.iter().map(|(_, e)| e.accuracy).sum::<f64>() / 4.0;
        let score = scores.rewardbench.unwrap();
        assert!((score.accuracy - mean).abs() < 1e-12 && score.low < mean && mean < score.high, "{score:?}");
        assert!(score.high - score.low < scores.sections.iter().map(|(_, e)| e.high - e.low).fold(0.0, f64::max));
    }

    /// A rule `min:average:1` is met by a perfect model and nothing lies above 1, whatever the coefficients add up to.
    #[test]
    fn means_of_ones_are_one() {
        for n in 1..60 {
            let tallies: BTreeMap<String, Tally> = (0..n).map(|i| (format!("{i}"), Tally { correct: i % 7 + 1, ..Tally::default() })).collect();
            let mixture = Mixture::new(tallies.iter().map(|(name, tally)| (name.clone(), count(tally.n())))).unwrap();
            let mean = mixture.estimate(&tallies);
            assert!((1.0..=1.0).contains(&mean.accuracy) && mean.low <= 1.0 && mean.high <= 1.0, "{n}: {mean:?}");
        }
    }

    #[test]
    fn orders_that_prefer_the_left_answer_twice_disagree() {
        let bias = Behaviour::of(&verdicts(&[("x", 1, 2)])).position_bias;
        assert_eq!((bias.disagree, bias.accuracy_chosen_first, bias.accuracy_rejected_first), (0.5, 0.5, 0.0));
    }

    #[test]
    fn margins_near_zero_are_counted_by_their_deviation() {
        let mut verdicts = verdicts(&[("x", 0, 5)]);
        // Standard deviation √2.2 = 1.48 (a row of equal ids with it).
        for (verdict, margin) in verdicts.iter_mut().zip([2.0, -2.0, 1.0, 0.0, f32::NAN]) {
            verdict.margin = margin;
        }
        assert_eq!((margins_within(&verdicts, 0.3), margins_within(&verdicts, 0.7), margins_within(&[], 1.0)), ((0, 4), (1, 4), (0, 0)));
    }

    /// numpy.quantile([1, 2, 3, 4], [.05, .25, .5, .75, .95])
    #[test]
    fn quantiles_are_numpys() {
        let found = quantiles(vec![4.0, 1.0, 3.0, 2.0]).unwrap();
        for (found, expected) in found.into_iter().zip([1.15, 1.75, 2.5, 3.25, 3.85]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert_eq!(quantiles(Vec::new()), None);
    }
}
