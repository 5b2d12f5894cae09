//! Confidence sequences for a weighted mean of paired differences: intervals and p-values that hold
//! after every round simultaneously, so that the data may be looked at after each round and the
//! sampling stopped at any of them.
//!
//! A pair's d is 1 when it is gained, −1 when it is lost and 0 otherwise; of units that count
//! shares it lies between −1 and 1, which is all that is used of it. Where a unit can count more
//! than that, d is in units of the most, and c larger by as much. The difference of a
//! figure is Δ = Σ c δ over its strata, where δ is the mean of d in a stratum and c the stratum's
//! coefficient. A *round* has k ≥ 1 pairs of every stratum. Before a round, a stake g is chosen,
//! and the bet on each pair of a stratum is λ = g c / k, which is below 1: the wealth of a betting
//! strategy is multiplied by 1 + λd. As pairs of a stratum are drawn independently, the mean of
//! that is 1 + λδ ≤ exp(λδ), so that Π (1 + λd) / exp(Σ λδ) is a supermartingale from pair to pair,
//! and starts at 1. After whole rounds Σ λδ = Σ g Σ c δ = GΔ, whatever the unknown δ are. By
//! Ville's inequality (Étude critique de la notion de collectif, 1939) the probability that it ever
//! reaches 1/α is at most α. With W = Σ ln(1 + λd), therefore,
//!
//!   Δ > (W − ln 1/α) / G after every round, with probability 1 − α or more.
//!
//! The same with gained and lost exchanged bounds Δ from above, and exp(−W) is an anytime-valid
//! p-value of "Δ is 0 or less".
//!
//! Bets on a bounded mean are those of Waudby-Smith and Ramdas (2024, JRSS B 86:1). Dividing by
//! exp(λδ) instead of 1 + λδ (as Howard, Ramdas, McAuliffe and Sekhon do, 2021, Annals of
//! Statistics 49:1055) costs λ²δ²/2 of W for each pair, which is little where few pairs are
//! discordant. In return the strata's own means cancel; otherwise the worst case over all of them
//! would have to be taken (Spertus, Sridhar and Stark, 2024, "Sequential stratified inference for
//! the mean"). The best stake depends on Δ: several strategies stake the most that cannot bring
//! their wealth to 0, half of it, a quarter …, and have a half, a quarter, an eighth … of α. The
//! best of them counts (union bound).
//!
//! The model is that of the fixed intervals: the pairs are a sample of a population of such pairs,
//! in the benchmark's proportions.

use crate::stats::{Interval, count};

/// Betting strategies of one side.
const STRATEGIES: usize = 6;
/// The largest stake, as a share of the stake at which one lost pair could bring the wealth to 0. A
/// share of 1 would be the best where no pair is ever lost, and would end with the first that is.
const LARGEST_STAKE: f64 = 0.98;

/// The confidence sequence of one figure, from the rounds so far.
#[derive(Debug, Clone)]
pub(crate) struct Sequence {
    /// The error rate of each side.
    error: f64,
    /// Σ of the stakes, in units of each strategy's own share.
    staked: f64,
    /// ln of the wealth, by strategy: first of those that bet on gained pairs, then of those that
    /// bet on lost ones.
    log_wealth: [[f64; STRATEGIES]; 2],
    interval: Interval,
    /// The smallest p-values so far of "not better" and "not worse".
    p: [f64; 2],
}

impl Sequence {
    /// `level`: the confidence of its intervals, both sides together. `most`: the sum of the
    /// strata's coefficients, which is as large as the difference can be.
    pub(crate) fn new(level: f64, most: f64) -> Self {
        Self {
            error: (1.0 - level) / 2.0,
            staked: 0.0,
            log_wealth: [[0.0; STRATEGIES]; 2],
            interval: Interval {
                low: -most,
                high: most,
            },
            p: [1.0; 2],
        }
    }

    /// Adds a round: the differences of at least one pair of each stratum, from −1 to 1, with the
    /// stratum's coefficient. The coefficients are the same in every round. A round that lacks a
    /// stratum is ignored.
    pub(crate) fn round(&mut self, strata: &[(f64, Vec<f64>)]) {
        let most = strata
            .iter()
            .map(|(coefficient, differences)| count(differences.len()) / coefficient)
            .fold(f64::INFINITY, f64::min);
        if most <= 0.0 || most.is_infinite() {
            return;
        }
        self.staked += most;
        let mut share = LARGEST_STAKE;
        for strategy in 0..STRATEGIES {
            self.bet(strategy, share * most, strata);
            // Halved with every strategy, as its share of the error: 2 · 2^strategy of it.
            let errors = share / LARGEST_STAKE / 2.0;
            let bound = |log_wealth: &[f64; STRATEGIES]| {
                (log_wealth[strategy] + (self.error * errors).ln()) / (share * self.staked)
            };
            let [on_gained, on_lost] = &self.log_wealth;
            self.interval.low = self.interval.low.max(bound(on_gained));
            self.interval.high = self.interval.high.min(-bound(on_lost));
            for (p, log_wealth) in self.p.iter_mut().zip([on_gained, on_lost]) {
                *p = p.min((-log_wealth[strategy]).exp() / errors);
            }
            share /= 2.0;
        }
    }

    /// Changes the wealth of a strategy, on both sides, by the pairs of a round.
    fn bet(&mut self, strategy: usize, stake: f64, strata: &[(f64, Vec<f64>)]) {
        for (coefficient, differences) in strata {
            let bet = stake * coefficient / count(differences.len());
            for difference in differences {
                self.log_wealth[0][strategy] += (bet * difference).ln_1p();
                self.log_wealth[1][strategy] += (-bet * difference).ln_1p();
            }
        }
    }

    /// Of the difference, candidate minus baseline. It holds after all rounds simultaneously, and
    /// so do the bounds of earlier rounds: this is the intersection of all of them.
    pub(crate) fn interval(&self) -> Interval {
        self.interval
    }

    /// The one-sided p-value of "the candidate is not worse": the smallest so far.
    pub(crate) fn p(&self) -> f64 {
        self.p[1]
    }

    /// The two-sided p-value of "there is no difference": twice the smaller one-sided one.
    pub(crate) fn two_sided_p(&self) -> f64 {
        (2.0 * self.p[0].min(self.p[1])).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{LEVEL, near};

    fn pairs(d: &[i32]) -> Vec<f64> {
        d.iter().copied().map(f64::from).collect()
    }

    /// n pairs, one to a round: lost where the number is 3 modulo `lost`, otherwise gained where it
    /// is `rest` modulo `gained`.
    fn sequence(n: usize, lost: usize, (gained, rest): (usize, usize)) -> Sequence {
        let mut sequence = Sequence::new(LEVEL, 1.0);
        for t in 0..n {
            let d = if t % lost == 3 {
                -1
            } else {
                i32::from(t % gained == rest)
            };
            sequence.round(&[(1.0, pairs(&[d]))]);
        }
        sequence
    }

    /// Expected are the module's formulas pair by pair in Python; then `betting_cs` of confseq
    /// 0.0.11, the code of Waudby-Smith and Ramdas, on (d + 1)/2 with a grid of 4,000: its bets
    /// differ, so that only about the same width is expected.
    #[test]
    fn intervals_are_as_narrow_as_those_of_the_paper() {
        for (sequence, [low, high], p, [other_low, other_high]) in [
            (
                sequence(300, 10, (25, 7)),
                [-0.138_029_201_2, 0.008_109_012_7],
                0.082_343_595_4,
                [-0.1290, 0.0050],
            ),
            (
                sequence(1000, 10, (12, 8)),
                [-0.063_311_702_1, 0.029_291_396_4],
                1.0,
                [-0.0645, 0.0280],
            ),
            (
                sequence(2000, 50, (40, 8)),
                [-0.012_316_479_5, 0.022_344_737_8],
                1.0,
                [-0.0115, 0.0210],
            ),
            (
                sequence(500, 4, (10, 8)),
                [-0.242_609_285_4, -0.062_818_019_7],
                2.857_748_986_5e-7,
                [-0.2370, -0.0675],
            ),
        ] {
            let found = sequence.interval();
            near(found.low, low, 1e-9);
            near(found.high, high, 1e-9);
            near(sequence.p() / p, 1.0, 1e-8);
            let width = (found.high - found.low) / (other_high - other_low);
            assert!((0.9..1.12).contains(&width), "{found:?} {width}");
        }
    }

    /// The same Python, with two strata that weigh differently, one and two pairs to a round.
    #[test]
    fn bets_are_in_proportion_to_the_strata() {
        let run = |level| {
            let mut sequence = Sequence::new(level, 1.0);
            for round in 0..40 {
                let first = pairs(&[-i32::from(round % 3 == 0)]);
                let second = pairs(&[i32::from(round % 5 == 1), -i32::from(round % 2 == 0)]);
                sequence.round(&[(0.25, first), (0.75, second)]);
            }
            sequence
        };
        let found = run(LEVEL);
        near(found.interval().low, -0.399_171_659_6, 1e-9);
        near(found.interval().high, -0.028_143_474_2, 1e-9);
        near(found.p(), 0.005_742_589_48, 1e-9);
        near(run(0.975).interval().high, -0.014_881_729_7, 1e-9);
    }

    #[test]
    fn pairs_that_never_differ_narrow_the_interval_by_their_number() {
        let found = sequence(200, 1000, (1000, 999)).interval();
        // One pair of the 200 is lost, the fourth: the bound is wider than the ln(80)/(0.98 · 200)
        // of no lost pair.
        assert!(found.low < -0.0224);
        let mut sequence = Sequence::new(LEVEL, 1.0);
        (0..200).for_each(|_| sequence.round(&[(1.0, pairs(&[0]))]));
        near(sequence.interval().low, -80.0_f64.ln() / 196.0, 1e-12);
        near(sequence.interval().high, 80.0_f64.ln() / 196.0, 1e-12);
        near(sequence.p(), 1.0, 0.0);
    }

    #[test]
    fn a_round_that_lacks_a_stratum_is_ignored() {
        let mut sequence = Sequence::new(LEVEL, 1.0);
        sequence.round(&[(0.5, pairs(&[-1])), (0.5, pairs(&[]))]);
        sequence.round(&[]);
        assert_eq!(
            (sequence.interval(), sequence.p()),
            (
                Interval {
                    low: -1.0,
                    high: 1.0
                },
                1.0
            )
        );
    }
}
