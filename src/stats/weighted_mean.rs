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
    interval(strata, [0.0, 1.0], level)
}

/// Interval of Σ coefficient · (candidate − baseline) for matched pairs.
pub fn paired(strata: &[(f64, PairedCounts)], level: f64) -> Interval {
    difference(&as_values(strata), level)
}

/// Interval of Σ coefficient · mean difference.
pub(crate) fn difference(strata: &[(f64, Values)], level: f64) -> Interval {
    interval(strata, [-1.0, 1.0], level)
}

/// The sample takes the limits of its widest stratum for those of every observation; no mean lies
/// outside of what the strata allow, each by its own.
fn interval(strata: &[(f64, Values)], limits: [f64; 2], level: f64) -> Interval {
    let sample = Sample::new(strata, limits);
    let Interval { low, high } = sample.interval(level);
    let measured = strata.iter().filter(|(_, values)| values.n() > 0);
    let whole: f64 = measured.clone().map(|(weight, _)| weight).sum();
    let narrower = |by: &dyn Fn(&Values) -> f64| -> f64 {
        let parts = measured.clone().map(|(weight, values)| weight * by(values));
        if whole > 0.0 {
            parts.sum::<f64>() / whole
        } else {
            0.0
        }
    };
    let least = narrower(&|values| values.limits[0].min(limits[0]) - sample.least);
    let most = narrower(&|values| sample.most - values.limits[1].max(limits[1]));
    Interval {
        low: low.max(sample.least + least),
        high: high.min(sample.most - most),
    }
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
mod tests;
