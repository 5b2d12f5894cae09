//! Verdicts → accuracies with intervals, section scores and averages.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::benchmark::Benchmark;
use crate::score::{Decision, Verdict};

/// 97.5 % point of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Decisions of one subset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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

    fn plus(self, other: Self) -> Self {
        Self { correct: self.correct + other.correct, wrong: self.wrong + other.wrong, tie: self.tie + other.tie, invalid: self.invalid + other.invalid }
    }

    pub fn n(&self) -> usize {
        self.correct + self.wrong + self.tie + self.invalid
    }

    /// Correct of all: ties and invalid pairs count against the model, as in the reference.
    pub fn accuracy(&self) -> f64 {
        ratio(self.correct, self.n())
    }

    /// Accuracy with its Wilson score interval (Wilson, 1927, JASA 22:209), 95 %.
    pub fn estimate(&self) -> Estimate {
        let n = count(self.n());
        if n == 0.0 {
            return Estimate { accuracy: 0.0, low: 0.0, high: 1.0 };
        }
        let p = self.accuracy();
        let centre = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        Estimate { accuracy: p, low: (centre - half).max(0.0), high: (centre + half).min(1.0) }
    }
}

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    pub accuracy: f64,
    pub low: f64,
    pub high: f64,
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
        let section = |subsets: &[String], weight: &dyn Fn(&str) -> usize| {
            let parts: Vec<(f64, Tally)> = subsets.iter().filter_map(|s| Some((count(weight(s)), *tallies.get(s)?))).collect();
            (!parts.is_empty()).then(|| weighted(&parts))
        };
        let sections: Vec<(String, Estimate)> =
            benchmark.sections.iter().filter_map(|s| Some((s.name.clone(), section(&s.subsets, &|subset| benchmark.weight(subset))?))).collect();
        let variants = benchmark.variants.iter().filter_map(|variant| {
            let subsets = &benchmark.sections.iter().find(|s| s.name == variant.section)?.subsets;
            // Without the subsets that it weighs differently it would be the section itself.
            let differs = variant.weights.keys().any(|subset| tallies.contains_key(subset));
            let estimate = section(subsets, &|subset| variant.weights.get(subset).copied().unwrap_or_else(|| benchmark.weight(subset)))?;
            differs.then(|| (variant.label.clone(), estimate))
        });
        let whole = benchmark.name == "reward-bench" && sections.len() == benchmark.sections.len();
        let rewardbench = whole.then(|| mean(&sections.iter().map(|(_, estimate)| *estimate).collect::<Vec<_>>()));
        let parts: Vec<(f64, Tally)> = tallies.values().map(|tally| (1.0, *tally)).collect();

        let known: Vec<&String> = benchmark.sections.iter().flat_map(|s| &s.subsets).collect();
        let first = known.iter().copied().filter(|subset| tallies.contains_key(*subset));
        let order = first.chain(tallies.keys().filter(|subset| !known.contains(subset)));
        Self {
            subsets: order.map(|subset| (subset.clone(), tallies[subset])).collect(),
            variants: variants.collect(),
            sections,
            average: weighted(&parts),
            rewardbench,
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

/// Weighted mean of accuracies over Σ weights; interval from the normal approximation with the
/// variance of a stratified sample, Σ (w/W)² p(1−p)/n (Cochran, Sampling Techniques, 1977, 5.3).
fn weighted(parts: &[(f64, Tally)]) -> Estimate {
    let whole: f64 = parts.iter().map(|(w, _)| w).sum();
    if whole == 0.0 {
        return Estimate { accuracy: 0.0, low: 0.0, high: 1.0 };
    }
    let accuracy = parts.iter().map(|(w, tally)| w * tally.accuracy()).sum::<f64>() / whole;
    let variance: f64 = parts.iter().map(|(w, t)| (w / whole).powi(2) * t.accuracy() * (1.0 - t.accuracy()) / count(t.n())).sum();
    interval(accuracy, Z * variance.sqrt())
}

/// Plain mean of independent figures.
fn mean(parts: &[Estimate]) -> Estimate {
    let n = count(parts.len());
    let accuracy = parts.iter().map(|e| e.accuracy).sum::<f64>() / n;
    let half = parts.iter().map(|e| ((e.high - e.low) / 2.0).powi(2)).sum::<f64>().sqrt() / n;
    interval(accuracy, half)
}

fn interval(accuracy: f64, half: f64) -> Estimate {
    Estimate { accuracy, low: (accuracy - half).max(0.0), high: (accuracy + half).min(1.0) }
}

fn position_bias(verdicts: &[Verdict]) -> PositionBias {
    let scored: Vec<&Verdict> = verdicts.iter().filter(|v| v.margin.is_finite()).collect();
    let share = |test: fn(&Verdict) -> bool| ratio(scored.iter().filter(|v| test(v)).count(), scored.len());
    PositionBias {
        n: scored.len(),
        disagree: share(|v| (v.logit_ab > 0.0) != (v.logit_ba < 0.0)),
        accuracy_chosen_first: share(|v| v.logit_ab > 0.0),
        accuracy_rejected_first: share(|v| v.logit_ba < 0.0),
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { count(part) / count(whole) }
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(correct: usize, n: usize) -> Tally {
        Tally { correct, wrong: n - correct, ..Tally::default() }
    }

    /// Newcombe (1998, Statistics in Medicine 17:857), table I, method 3.
    #[test]
    fn wilson_intervals_of_newcombe() {
        for (correct, n, low, high) in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)] {
            let e = tally(correct, n).estimate();
            assert!((e.low - low).abs() < 5e-5 && (e.high - high).abs() < 5e-5, "{correct}/{n}: {e:?}");
        }
    }

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
