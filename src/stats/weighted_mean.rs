//! Confidence intervals of weighted means of pairs, and p-values that agree with them.
//!
//! The sample has observations xᵢ between known limits, with weights wᵢ. One more is added to it,
//! the worst that could have come: the lowest value with the largest weight. The lower bound is the
//! α/2 quantile of Σ wᵢ xᵢ eᵢ / Σ wᵢ eᵢ, where the eᵢ are independent exponential variables; the
//! upper bound mirrors it. Equal observations have one gamma variable together.
//!
//! - Without weights this is Gaffke's bound of a bounded mean (Gaffke, 2005, Mathematical Methods
//!   of Statistics 14:451; Learned-Miller and Thomas, 2020, arXiv:1905.06208, who find that it
//!   holds for every distribution that they try).
//! - For shares it is the interval of Clopper and Pearson (1934, Biometrika 26:404), as the
//!   quotient has a beta distribution then.
//! - For differences of pairs, gained (1), lost (−1) or neither (0), a bound passes 0 exactly where
//!   the one-sided p-value of McNemar's exact test passes α/2, as do the bounds of Fay and Lumbard
//!   (2021, Statistics in Medicine 40:1147), who meld distributions of the same kind.
//! - For rare events with weights it is about the gamma interval of Fay and Feuer (1997, Statistics
//!   in Medicine 16:791), from which the largest weight of the added observation is taken.
//!
//! Pairs of all strata are treated as one sample: differences between strata count as noise, and
//! strata of a single pair are no special case. That makes the interval wider than a stratified one
//! where strata differ, and never narrower. `benchmarks/2026-11-26-coverage.md` has simulations.

use crate::stats::gamma_sum::{Term, at_most_zero};
use crate::stats::root::rising_root;
use crate::stats::{Interval, PairedCounts, Share, Values, count, normal};

/// Interval of Σ coefficient · share.
pub fn mean(strata: &[(f64, Share)], level: f64) -> Interval {
    mean_of(&as_values(strata), level)
}

/// Interval of Σ coefficient · mean.
pub(crate) fn mean_of(strata: &[(f64, Values)], level: f64) -> Interval {
    Sample::new(strata, [0.0, 1.0]).interval(level)
}

/// Interval of Σ coefficient · (candidate − baseline) for matched pairs.
pub fn paired(strata: &[(f64, PairedCounts)], level: f64) -> Interval {
    difference(&as_values(strata), level)
}

/// Interval of Σ coefficient · mean difference.
pub(crate) fn difference(strata: &[(f64, Values)], level: f64) -> Interval {
    Sample::new(strata, [-1.0, 1.0]).interval(level)
}

fn as_values<T: Copy + Into<Values>>(strata: &[(f64, T)]) -> Vec<(f64, Values)> {
    let one = |(coefficient, counts): &(f64, T)| (*coefficient, (*counts).into());
    strata.iter().map(one).collect()
}

/// Interval of Σ coefficient · (candidate − baseline) for pairs that cannot be matched: the bounds
/// of both sides, combined by their distances from the estimates (square-and-add: Zou and Donner,
/// 2008, Statistics in Medicine 27:1693; Newcombe, 1998, Statistics in Medicine 17:873).
pub fn unpaired(strata: &[(f64, [Share; 2])], level: f64) -> Interval {
    let side = |side: usize| {
        let one = |(weight, sides): &(f64, [Share; 2])| (*weight, sides[side]);
        let strata: Vec<(f64, Share)> = strata.iter().map(one).collect();
        let value: f64 = strata.iter().map(|(w, share)| w * share.value()).sum();
        (value, mean(&strata, level))
    };
    let ((baseline, of_baseline), (candidate, of_candidate)) = (side(0), side(1));
    let below = (candidate - of_candidate.low).hypot(of_baseline.high - baseline);
    let above = (of_candidate.high - candidate).hypot(baseline - of_baseline.low);
    Interval {
        low: (candidate - baseline - below).max(-1.0),
        high: (candidate - baseline + above).min(1.0),
    }
}

/// Two-sided p-value of "no difference" for matched pairs: the smallest 1 − level whose interval
/// excludes 0. Where all pairs have the same weight, it is that of McNemar's exact test (McNemar,
/// 1947, Psychometrika 12:153; the exact form: Agresti, Categorical Data Analysis, 2002, 10.1.4).
pub fn p_value(strata: &[(f64, PairedCounts)]) -> f64 {
    p_value_of(&as_values(strata))
}

/// The same of any differences of matched units.
pub(crate) fn p_value_of(strata: &[(f64, Values)]) -> f64 {
    let sample = Sample::new(strata, [-1.0, 1.0]);
    let one_sided = sample.below(0.0).min(sample.mirrored().below(0.0));
    (2.0 * one_sided).clamp(f64::MIN_POSITIVE, 1.0)
}

/// Observations with the same weight and value.
#[derive(Debug, Clone, Copy)]
struct Group {
    weight: f64,
    value: f64,
    n: usize,
}

/// Observations, none of which could have been below `least` or above `most`.
struct Sample {
    groups: Vec<Group>,
    least: f64,
    most: f64,
}

impl Sample {
    /// `limits`: those of every observation, where no stratum has wider ones.
    fn new(strata: &[(f64, Values)], limits: [f64; 2]) -> Self {
        let of_stratum = |(coefficient, values): &(f64, Values)| {
            let weight = coefficient / count(values.n().max(1));
            let group = move |(value, n): &(f64, usize)| Group {
                weight,
                value: *value,
                n: *n,
            };
            values.counts.iter().map(group).collect::<Vec<_>>()
        };
        let [mut least, mut most] = limits;
        for (_, values) in strata {
            least = least.min(values.limits[0]);
            most = most.max(values.limits[1]);
        }
        let mut groups: Vec<Group> = strata.iter().flat_map(of_stratum).collect();
        groups.retain(|group| group.weight > 0.0);
        groups.sort_by(|a, b| {
            let order = a.value.total_cmp(&b.value);
            order.then(a.weight.total_cmp(&b.weight))
        });
        // Fewer groups are faster; weights are the same but for rounding.
        groups.dedup_by(|next, group| {
            let is_same = next.value.total_cmp(&group.value).is_eq()
                && next.weight - group.weight <= 1e-9 * group.weight;
            group.n += if is_same { next.n } else { 0 };
            is_same
        });
        Self {
            groups,
            least,
            most,
        }
    }

    /// The sample with the opposite values.
    fn mirrored(&self) -> Self {
        let mirrored = |group: &Group| Group {
            value: -group.value,
            ..*group
        };
        Self {
            groups: self.groups.iter().map(mirrored).collect(),
            least: -self.most,
            most: -self.least,
        }
    }

    fn interval(&self, level: f64) -> Interval {
        let tail = (1.0 - level) / 2.0;
        Interval {
            low: self.low(tail),
            high: -self.mirrored().low(tail),
        }
    }

    /// The lower bound that is too high with probability `tail` or less.
    fn low(&self, tail: f64) -> f64 {
        let sum = |term: &dyn Fn(&Group) -> f64| -> f64 {
            let terms = self.groups.iter().map(|group| term(group) * count(group.n));
            terms.sum()
        };
        let whole = sum(&|group| group.weight);
        let estimate = sum(&|group| group.weight * group.value) / whole;
        if whole <= 0.0 || estimate <= self.least {
            return self.least;
        }
        let added = (self.heaviest() * (estimate - self.least)).powi(2);
        let spread = sum(&|group| (group.weight * (group.value - estimate)).powi(2));
        // On the scale of normal quantiles the distribution is nearly a straight line.
        let target = normal::quantile(tail);
        let height = |t: f64| {
            let p = self.below(t).clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON);
            normal::quantile(p) - target
        };
        let guess = estimate + target * (spread + added).sqrt() / whole;
        rising_root(height, [self.least, estimate], guess)
    }

    /// The distribution of the sample's mean with the worst observation added: P(mean ≤ t).
    fn below(&self, t: f64) -> f64 {
        let worst = Group {
            weight: self.heaviest(),
            value: self.least,
            n: 1,
        };
        let term = |group: &Group| Term {
            coefficient: group.weight * (group.value - t),
            shape: count(group.n),
        };
        let groups = self.groups.iter().chain([&worst]);
        let terms = groups.filter(|group| group.n > 0).map(term);
        at_most_zero(
            &terms
                .filter(|term| term.coefficient.abs() > 0.0)
                .collect::<Vec<_>>(),
        )
    }

    fn heaviest(&self) -> f64 {
        let weights = self.groups.iter().map(|group| group.weight);
        weights.fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{LEVEL, changed, near};

    fn one(correct: usize, n: usize) -> [(f64, Share); 1] {
        [(1.0, Share { correct, n })]
    }

    /// statsmodels 0.15.0, `proportion_confint(method="beta")`, and scipy 1.17.1,
    /// `binomtest(...).proportion_ci(method="exact")`; 81/263, 15/148, 0/20 and 1/29 are the
    /// examples of Newcombe (1998, Statistics in Medicine 17:857, table I, method 5).
    #[test]
    fn shares_have_the_interval_of_clopper_and_pearson() {
        for (correct, n, low, high) in [
            (81, 263, 0.252_736_746, 0.367_621_923),
            (15, 148, 0.057_844_010, 0.161_650_490),
            (0, 20, 0.0, 0.168_433_471),
            (1, 29, 0.000_872_647, 0.177_644_295),
            (20, 20, 0.831_566_529, 1.0),
            (113, 164, 0.612_168_467, 0.758_899_985),
        ] {
            let found = mean(&one(correct, n), LEVEL);
            near(found.low, low, 1e-6);
            near(found.high, high, 1e-6);
        }
    }

    /// statsmodels 0.15.0, `mcnemar(exact=True)`. 121 and 59: the example of its documentation and
    /// of Wikipedia's "McNemar's test".
    #[test]
    fn p_values_are_those_of_mcnemars_exact_test() {
        for (lost, gained, expected) in [
            (121, 59, 4.434_449_263_755_164_5e-6),
            (15, 4, 0.019_210_815_429_687_5),
            (6, 0, 0.031_25),
            (4, 0, 0.125),
            (0, 0, 1.0),
            (1, 1, 1.0),
            (5, 1, 0.218_75),
            (2, 12, 0.012_939_453_125),
            (500, 430, 0.023_608_839_292_547_163),
            (4000, 4100, 0.271_331_087_143_932_3),
        ] {
            for [lost, gained] in [[lost, gained], [gained, lost]] {
                near(
                    p_value(&[(1.0, changed(9000, lost, gained))]) / expected,
                    1.0,
                    1e-6,
                );
                // The same in strata whose pairs weigh the same, one of them empty.
                if lost + gained < 900 {
                    let rest = changed(3000, lost - lost / 3, gained - gained / 2);
                    let strata = [
                        (0.25, changed(1000, lost / 3, gained / 2)),
                        (0.75, rest),
                        (0.0, changed(0, 0, 0)),
                    ];
                    near(p_value(&strata) / expected, 1.0, 1e-6);
                }
            }
        }
        near(p_value(&[]), 1.0, 0.0);
        near(
            p_value(&[(1.0, changed(100, 100, 0))]) * 2.0_f64.powi(99),
            1.0,
            1e-6,
        );
        // As small as a number can be, but never 0; and the other tail is no better.
        assert!(p_value(&[(1.0, changed(5000, 5000, 0))]) > 0.0);
        near(p_value(&[(1.0, changed(5000, 2500, 2500))]), 1.0, 0.0);
    }

    /// The interval at level 1 − p ends at 0.
    #[test]
    fn intervals_and_p_values_agree() {
        let equal = [(1.0, changed(100, 9, 2))];
        let weighted = [(0.5, changed(40, 7, 1)), (0.5, changed(100, 5, 2))];
        for strata in [&equal[..], &weighted[..]] {
            near(paired(strata, 1.0 - p_value(strata)).high, 0.0, 1e-6);
        }
    }

    /// Quantiles and shares of four million draws of the quotient by numpy 2.4: three digits.
    #[test]
    fn weighted_differences_are_quantiles_of_the_quotient() {
        let strata = [(0.5, changed(40, 7, 1)), (0.5, changed(100, 5, 2))];
        let found = paired(&strata, LEVEL);
        near(found.low, -0.178_85, 2e-4);
        near(found.high, -0.004_77, 2e-4);
        near(p_value(&strata), 0.037_162, 4e-4);
        let strata = [
            (0.2, changed(5, 0, 1)),
            (0.3, changed(30, 4, 2)),
            (0.5, changed(300, 20, 11)),
        ];
        let found = paired(&strata, LEVEL);
        near(found.low, -0.149_88, 3e-4);
        near(found.high, 0.168_72, 3e-4);
    }

    /// The formula of Fay and Feuer (1997) with scipy's gamma quantiles, for 7 of 4,000, 12 of
    /// 9,000 and 3 of 1,000.
    #[test]
    fn rare_events_have_about_the_gamma_interval() {
        let strata = [(0.5, 7, 4000), (0.3, 12, 9000), (0.2, 3, 1000)]
            .map(|(weight, correct, n)| (weight, Share { correct, n }));
        let found = mean(&strata, LEVEL);
        near(found.low / 0.001_037_160, 1.0, 0.03);
        near(found.high / 0.003_239_618, 1.0, 0.03);
    }

    /// 300 subsets of one pair, none or some of which differ: as one sample of 300.
    #[test]
    fn strata_of_one_pair_are_one_sample() {
        for (lost, gained) in [(0, 0), (33, 0), (20, 5)] {
            let pair = |at: usize| {
                let is_gained = at >= lost && at < lost + gained;
                changed(1, usize::from(at < lost), usize::from(is_gained))
            };
            let strata: Vec<_> = (0..300).map(|at| (1.0 / 300.0, pair(at))).collect();
            let (found, whole) = (
                paired(&strata, LEVEL),
                paired(&[(1.0, changed(300, lost, gained))], LEVEL),
            );
            near(found.low, whole.low, 1e-6);
            near(found.high, whole.high, 1e-6);
            assert!(found.high - found.low > 0.02, "{found:?}");
        }
        // 3.69 of 300: 1 − 0.025^(1/300).
        near(
            paired(&[(1.0, changed(300, 0, 0))], LEVEL).low,
            -0.012_221,
            1e-5,
        );
    }

    #[test]
    fn intervals_hold_their_estimate_and_have_a_width() {
        for n in [1_usize, 2, 7, 100] {
            for lost in (0..=n).step_by(n.div_ceil(9)) {
                for gained in (0..=n - lost).step_by(n.div_ceil(9)) {
                    let strata = [(0.9, changed(n, lost, gained)), (0.1, changed(3, 1, 0))];
                    let estimate: f64 = strata
                        .iter()
                        .map(|(w, c)| w * (c.candidate().value() - c.baseline().value()))
                        .sum();
                    let found = paired(&strata, LEVEL);
                    assert!(
                        found.low < estimate && estimate < found.high,
                        "{strata:?} {found:?}"
                    );
                    assert!(found.low >= -1.0 && found.high <= 1.0, "{found:?}");
                }
            }
        }
        // Certain to lie in −1 … 1, and in 0 … 1, without a pair.
        assert!(paired(&[], LEVEL).low <= -1.0 && paired(&[], LEVEL).high >= 1.0);
        assert!(mean(&one(0, 0), LEVEL).low <= 0.0 && mean(&one(0, 0), LEVEL).high >= 1.0);
    }

    /// With many pairs the interval is the normal one.
    #[test]
    fn large_samples_are_nearly_normal() {
        let half = 1.959_964 * (0.2 * 0.8 / 40_000.0_f64).sqrt();
        let found = mean(&one(8_000, 40_000), LEVEL);
        near(found.low, 0.2 - half, 0.02 * half);
        near(found.high, 0.2 + half, 0.02 * half);
        let both = unpaired(
            &[(
                1.0,
                [(8_000, 40_000), (9_000, 40_000)].map(|(correct, n)| Share { correct, n }),
            )],
            LEVEL,
        );
        let half = 1.959_964 * ((0.16 + 0.225 * 0.775) / 40_000.0_f64).sqrt();
        near(both.low, 0.025 - half, 0.02 * half);
        near(both.high, 0.025 + half, 0.02 * half);
    }
}
