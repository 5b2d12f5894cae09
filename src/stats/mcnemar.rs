//! Tests of whether two models differ on the same pairs. They rest on the discordant pairs: those
//! that one model got right and the other did not.

use rayon::prelude::*;

use crate::stats::binomial::Binomial;
use crate::stats::random::Rng;
use crate::stats::{PairedCounts, bootstrap, count, normal};

/// Two-sided p-value of McNemar's exact test. Under the null hypothesis each discordant pair is as
/// likely to be lost as to be gained, so that the number of lost pairs is binomial with p = ½
/// (McNemar, 1947, Psychometrika 12:153; the exact form: Agresti, Categorical Data Analysis, 2002,
/// 10.1.4).
pub(crate) fn exact(lost: usize, gained: usize) -> f64 {
    (2.0 * Binomial::new(lost + gained, 0.5).cumulative(lost.min(gained))).min(1.0)
}

/// Two-sided p-value for a weighted mean of strata, each with its coefficient. Where every pair has
/// the same weight this is [`exact`]. Otherwise it is Fisher's randomisation test of paired data
/// (The Design of Experiments, 1935, 21): each replicate flips the sign of every discordant pair
/// with probability ½, and the p-value is the share of replicates with a difference as large as the
/// observed one. The observed one counts as a replicate, which keeps the level (Phipson and Smyth,
/// 2010, Statistical Applications in Genetics and Molecular Biology 9:39).
pub(crate) fn sign_flips(strata: &[(f64, PairedCounts)]) -> f64 {
    let steps: Vec<(f64, PairedCounts)> = strata
        .iter()
        .filter(|(_, counts)| counts.n() > 0)
        .map(|(weight, counts)| (weight / count(counts.n()), *counts))
        .collect();
    let Some((first, _)) = steps.first() else {
        return 1.0;
    };
    if steps
        .iter()
        .all(|(step, _)| (step - first).abs() <= 1e-9 * first)
    {
        let pooled = steps
            .iter()
            .fold(PairedCounts::default(), |sum, (_, counts)| {
                sum.plus(*counts)
            });
        return exact(pooled.lost, pooled.gained);
    }
    let difference =
        |step: f64, gained: usize, all: usize| step * (2.0 * count(gained) - count(all));
    let observed: f64 = steps
        .iter()
        .map(|(step, counts)| difference(*step, counts.gained, counts.discordant()))
        .sum();
    let coins: Vec<(f64, usize, Binomial)> = steps
        .iter()
        .map(|(step, counts)| {
            let n = counts.discordant();
            (*step, n, Binomial::new(n, 0.5))
        })
        .collect();
    let flipped = |rng: &mut Rng| {
        coins
            .iter()
            .map(|(step, all, coin)| difference(*step, coin.draw(rng), *all))
            .sum::<f64>()
    };
    let is_as_large = |index: &usize| {
        flipped(&mut Rng::stream(bootstrap::SEED, *index)).abs() >= observed.abs() - 1e-12
    };
    let as_large = (0..bootstrap::REPLICATES)
        .into_par_iter()
        .filter(is_as_large)
        .count();
    count(as_large + 1) / count(bootstrap::REPLICATES + 1)
}

/// The smallest difference that McNemar's test at 5 % detects with 80 % power: the δ that solves
/// n = (z₀.₉₇₅ √ψ + z₀.₈ √(ψ − δ²))² / δ², where ψ is the share of discordant pairs, at least δ
/// itself (Connor, 1987, Biometrics 43:207).
///
/// With weights, n is the effective sample size 1 / Σ w²/n (Kish, Survey Sampling, 1965, 11.7), and
/// ψ the weighted share. `None` where not even a difference of 1 would be detected.
pub(crate) fn smallest_detectable(strata: &[(f64, PairedCounts)]) -> Option<f64> {
    let spread = |part: fn(PairedCounts) -> usize| -> f64 {
        strata
            .iter()
            .filter(|(_, counts)| counts.n() > 0)
            .map(|(weight, counts)| {
                let n = count(counts.n());
                weight * weight * count(part(*counts)) / (n * n)
            })
            .sum()
    };
    let n = 1.0 / spread(PairedCounts::n);
    let share = n * spread(PairedCounts::discordant);
    let (size, power) = (normal::quantile(0.975), normal::quantile(0.8));
    let is_detected = |delta: f64| {
        let share = share.max(delta);
        n.sqrt() * delta >= size * share.sqrt() + power * (share - delta * delta).max(0.0).sqrt()
    };
    if !n.is_finite() || !is_detected(1.0) {
        return None;
    }
    let (mut low, mut high) = (0.0, 1.0);
    while high - low > 1e-9 {
        let middle = f64::midpoint(low, high);
        if is_detected(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::near;

    /// statsmodels 0.15.0, `mcnemar(exact=True)`. 121 and 59: the example of its documentation and
    /// of Wikipedia's "McNemar's test".
    #[test]
    fn exact_p_values_are_those_of_statsmodels() {
        for (lost, gained, expected) in [
            (121, 59, 4.434_449_263_755_164_5e-6),
            (15, 4, 0.019_210_815_429_687_5),
            (6, 0, 0.031_25),
            (0, 0, 1.0),
            (1, 1, 1.0),
            (5, 1, 0.218_75),
            (2, 12, 0.012_939_453_125),
            (500, 430, 0.023_608_839_292_547_163),
            (4000, 4100, 0.271_331_087_143_932_3),
        ] {
            near(exact(lost, gained) / expected, 1.0, 1e-10);
            near(exact(gained, lost) / expected, 1.0, 1e-10);
        }
    }

    fn stratum(n: usize, lost: usize, gained: usize) -> PairedCounts {
        PairedCounts {
            both: n - lost - gained,
            lost,
            gained,
            neither: 0,
        }
    }

    #[test]
    fn equal_weights_are_mcnemars_test_of_the_sums() {
        let strata = [(0.25, stratum(40, 9, 1)), (0.75, stratum(120, 6, 3))];
        near(sign_flips(&strata), exact(15, 4), 1e-12);
        near(sign_flips(&[]), 1.0, 0.0);
    }

    /// Against the sum over all combinations of signs.
    #[test]
    fn weighted_sign_flips_are_near_their_exact_value() {
        let strata = [(0.5, stratum(40, 7, 1)), (0.5, stratum(100, 5, 2))];
        let choose =
            |n: u32, k: u32| (0..k).fold(1.0, |c, i| c * f64::from(n - i) / f64::from(i + 1));
        let weight = |g: f64, m: f64, n: f64| 0.5 * (2.0 * g - m) / n;
        let observed: f64 = weight(1.0, 8.0, 40.0) + weight(2.0, 7.0, 100.0);
        let mut expected = 0.0;
        for g in 0..=8 {
            for h in 0..=7 {
                if (weight(g.into(), 8.0, 40.0) + weight(h.into(), 7.0, 100.0)).abs()
                    >= observed.abs() - 1e-12
                {
                    expected += choose(8, g) * choose(7, h) / 2.0_f64.powi(15);
                }
            }
        }
        // Four standard errors of 10,000 replicates.
        near(
            sign_flips(&strata),
            expected,
            4.0 * (expected / 10_000.0).sqrt(),
        );
    }

    #[test]
    fn what_can_be_shown_solves_connors_equation() {
        let strata = [(1.0, stratum(164, 20, 13))];
        let delta = smallest_detectable(&strata).unwrap();
        let share: f64 = 33.0 / 164.0;
        let needed = (1.959_964 * share.sqrt() + 0.841_621 * (share - delta * delta).sqrt())
            .powi(2)
            / (delta * delta);
        near(needed, 164.0, 1e-3);
        // Two strata with half of the pairs and half of the weight each are the same as one
        // stratum.
        let halves = [(0.5, stratum(82, 10, 6)), (0.5, stratum(82, 10, 7))];
        near(smallest_detectable(&halves).unwrap(), delta, 1e-8);
    }

    #[test]
    fn without_a_differing_pair_the_difference_itself_is_the_share() {
        let delta = smallest_detectable(&[(1.0, stratum(60, 0, 0))]).unwrap();
        // √(nδ) = z + z' √(1 − δ)
        near(
            (60.0 * delta).sqrt(),
            1.959_964 + 0.841_621 * (1.0 - delta).sqrt(),
            1e-5,
        );
        assert_eq!(smallest_detectable(&[(1.0, stratum(3, 0, 0))]), None);
        assert_eq!(smallest_detectable(&[]), None);
    }
}
