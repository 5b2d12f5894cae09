//! Percentile intervals from a stratified bootstrap (Efron and Tibshirani, An Introduction to the
//! Bootstrap, 1993, 8.2 and 13.3), for weighted means of shares: pairs are resampled within each
//! stratum.
//!
//! Replicates are numbered, and each has its own generator: the same counts give the same bytes,
//! whatever the number of threads. Pairs of a stratum are exchangeable, so that counts are drawn
//! instead of pairs.
//!
//! What never happened in the sample never happens in a replicate: a share of 0 or 1 has an
//! interval of width 0, and few discordant pairs give an interval that is too narrow. Wilson's and
//! Newcombe's intervals do not have this weakness.

use rayon::prelude::*;

use crate::stats::binomial::Binomial;
use crate::stats::random::Rng;
use crate::stats::{Interval, PairedCounts, Share, count};

/// Replicates of an interval or of a randomisation test.
pub(crate) const REPLICATES: usize = 10_000;
/// Seed of every replicate. RewardBench is arXiv:2403.13787; any number would do.
pub(crate) const SEED: u64 = 240_313_787;

/// Interval of Σ coefficient · share.
pub fn mean(strata: &[(f64, Share)], level: f64) -> Interval {
    let strata = shares(strata);
    percentile(level, |rng| drawn(&strata, rng)).within(0.0, 1.0)
}

/// Interval of Σ coefficient · (candidate − baseline) for pairs that cannot be matched: each side
/// is drawn independently.
pub(crate) fn unpaired(strata: &[(f64, [Share; 2])], level: f64) -> Interval {
    let [baseline, candidate] = [0, 1].map(|side| {
        shares(
            &strata
                .iter()
                .map(|(w, sides)| (*w, sides[side]))
                .collect::<Vec<_>>(),
        )
    });
    percentile(level, |rng| drawn(&candidate, rng) - drawn(&baseline, rng)).within(-1.0, 1.0)
}

/// Interval of Σ coefficient · (candidate − baseline) for matched pairs: both verdicts of a pair
/// are drawn together.
pub fn paired(strata: &[(f64, PairedCounts)], level: f64) -> Interval {
    // Concordant pairs add nothing to the difference: first the number of discordant pairs is
    // drawn, then how many of those are gained.
    let strata: Vec<(f64, Binomial, f64)> = strata
        .iter()
        .map(|(weight, counts)| {
            let (n, discordant) = (counts.n(), counts.discordant());
            let discordant_draws = Binomial::new(n, share(discordant, n));
            let gained = share(counts.gained, discordant);
            (step(*weight, n), discordant_draws, gained)
        })
        .collect();
    percentile(level, |rng| {
        let difference = |(step, discordant, gained): &(f64, Binomial, f64)| {
            let all = discordant.draw(rng);
            let gained = (0..all).filter(|_| rng.unit() < *gained).count();
            step * (2.0 * count(gained) - count(all))
        };
        strata.iter().map(difference).sum()
    })
    .within(-1.0, 1.0)
}

fn shares(strata: &[(f64, Share)]) -> Vec<(f64, Binomial)> {
    strata
        .iter()
        .map(|(w, s)| (step(*w, s.n), Binomial::new(s.n, s.value())))
        .collect()
}

fn drawn(strata: &[(f64, Binomial)], rng: &mut Rng) -> f64 {
    strata
        .iter()
        .map(|(step, correct)| step * count(correct.draw(rng)))
        .sum()
}

/// The weight of one pair of a stratum.
fn step(coefficient: f64, n: usize) -> f64 {
    coefficient / count(n.max(1))
}

fn share(part: usize, whole: usize) -> f64 {
    Share {
        correct: part,
        n: whole,
    }
    .value()
}

/// The bounds of the middle `level` of the replicates, by linear interpolation.
fn percentile(level: f64, replicate: impl Fn(&mut Rng) -> f64 + Sync) -> Interval {
    let mut values: Vec<f64> = (0..REPLICATES)
        .into_par_iter()
        .map(|index| replicate(&mut Rng::stream(SEED, index)))
        .collect();
    values.sort_unstable_by(f64::total_cmp);
    Interval {
        low: quantile(&values, 0.5 - level / 2.0),
        high: quantile(&values, 0.5 + level / 2.0),
    }
}

/// Quantile of sorted values: type 7 of Hyndman and Fan (1996, The American Statistician 50:361),
/// numpy's default.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions in a list"
)]
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * count(sorted.len().saturating_sub(1));
    let [below, above] =
        [at.floor(), at.ceil()].map(|at| sorted.get(at as usize).copied().unwrap_or(f64::NAN));
    below + (above - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{LEVEL, near};

    /// A stratum with 2 of 3 has the shares 0, ⅓, ⅔ and 1 with 1, 6, 12 and 8 of 27.
    #[test]
    fn small_samples_have_their_known_distribution() {
        let interval = mean(&[(1.0, Share { correct: 2, n: 3 })], 1.0 - 2.0 * 2.0 / 27.0);
        near(interval.low, 1.0 / 3.0, 1e-12);
        near(interval.high, 1.0, 1e-12);
        near(
            mean(&[(1.0, Share { correct: 2, n: 3 })], 0.95).low,
            0.0,
            1e-12,
        );
    }

    /// With many pairs the interval is the normal one, with the variance of a stratified sample.
    #[test]
    fn large_samples_are_nearly_normal() {
        let z = 1.959_964;
        let strata = [
            (
                0.3,
                Share {
                    correct: 800,
                    n: 1000,
                },
            ),
            (
                0.7,
                Share {
                    correct: 300,
                    n: 500,
                },
            ),
        ];
        let half = z * (0.09 * 0.16 / 1000.0 + 0.49 * 0.24 / 500.0_f64).sqrt();
        let found = mean(&strata, LEVEL);
        near(found.low, 0.66 - half, 0.04 * half);
        near(found.high, 0.66 + half, 0.04 * half);

        let strata = [
            (
                0.3,
                PairedCounts {
                    both: 700,
                    lost: 100,
                    gained: 40,
                    neither: 160,
                },
            ),
            (
                0.7,
                PairedCounts {
                    both: 300,
                    lost: 30,
                    gained: 50,
                    neither: 120,
                },
            ),
        ];
        let variance = |n: f64, lost: f64, gained: f64| {
            ((lost + gained) / n - ((gained - lost) / n).powi(2)) / n
        };
        let difference = 0.3 * -0.06 + 0.7 * 0.04;
        let half =
            z * (0.09 * variance(1000.0, 100.0, 40.0) + 0.49 * variance(500.0, 30.0, 50.0)).sqrt();
        let found = paired(&strata, LEVEL);
        near(found.low, difference - half, 0.04 * half);
        near(found.high, difference + half, 0.04 * half);

        let sides = strata.map(|(w, f)| (w, [f.baseline(), f.candidate()]));
        let wide = unpaired(&sides, LEVEL);
        assert!(
            wide.low < found.low && wide.high > found.high,
            "{wide:?} {found:?}"
        );
    }

    #[test]
    fn models_that_never_differ_have_no_difference() {
        assert_eq!(
            paired(
                &[(
                    1.0,
                    PairedCounts {
                        both: 9,
                        lost: 0,
                        gained: 0,
                        neither: 3
                    }
                )],
                LEVEL
            ),
            Interval {
                low: 0.0,
                high: 0.0
            }
        );
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let strata = [
            (
                0.4,
                PairedCounts {
                    both: 70,
                    lost: 10,
                    gained: 4,
                    neither: 16,
                },
            ),
            (
                0.6,
                PairedCounts {
                    both: 30,
                    lost: 3,
                    gained: 5,
                    neither: 12,
                },
            ),
        ];
        let with = |threads: usize| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
                .install(|| paired(&strata, LEVEL))
        };
        assert_eq!(with(1), with(7));
    }
}
