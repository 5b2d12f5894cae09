//! What pairs say while they are still coming: intervals and p-values that hold after every round
//! at once, so that one may look after each and stop when one likes.
//!
//! A pair's d is 1 when it is gained, −1 when it is lost and else 0; a line's difference is Δ = Σ c
//! δ over its strata, where δ is the mean of d in a stratum and c the stratum's coefficient. A
//! *round* has k ≥ 1 pairs of every stratum. Before it, a stake g is chosen, and on each pair of a
//! stratum is bet λ = g c / k, which is below 1: a purse is multiplied by 1 + λd. As pairs of a
//! stratum are drawn independently, the mean of that is 1 + λδ ≤ exp(λδ), so that Π (1 + λd) /
//! exp(Σ λδ) is a supermartingale from pair to pair, and starts at 1. After whole rounds Σ λδ = Σ g
//! Σ c δ = GΔ, whatever the δ are that nobody knows. By Ville's inequality (Étude critique de la
//! notion de collectif, 1939) it ever reaches 1/α with probability α or less. With W = Σ ln(1 +
//! λd), therefore,
//!
//!   Δ > (W − ln 1/α) / G after every round, with probability 1 − α or more.
//!
//! The same with gained and lost exchanged bounds Δ from above, and exp(−W) is a p-value of "Δ is 0
//! or less" at any time.
//!
//! Bets on a bounded mean are those of Waudby-Smith and Ramdas (2024, JRSS B 86:1); dividing by
//! exp(λδ) and not by 1 + λδ (as Howard, Ramdas, McAuliffe and Sekhon do, 2021, Annals of
//! Statistics 49:1055) costs λ²δ²/2 of W for each pair, little where few pairs differ, and makes
//! the strata's own means cancel, over which one would have to take the worst case otherwise
//! (Spertus, Sridhar and Stark, 2024, "Sequential stratified inference for the mean"). Which stake
//! is the best depends on Δ: several purses stake the most that cannot ruin them, half of it, a
//! quarter …, and have a half, a quarter, an eighth … of α; the best of them counts (union bound).
//!
//! The model is that of the fixed intervals: the pairs are a sample of more such pairs, in the
//! benchmark's proportions.

use crate::stats::{Interval, PairedCounts, count};

/// Purses of one side.
const PURSES: usize = 6;
/// Of the stake with which one lost pair could take all: 1 would be the best where no pair is ever
/// lost, and be ruined by the first that is.
const BOLDEST: f64 = 0.98;

/// One line's pairs so far.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// Of each side.
    error: f64,
    /// Σ of the stakes, in units of the purse's own share.
    staked: f64,
    /// ln of the purses: those that bet on gained pairs, then those that bet on lost ones.
    purses: [[f64; PURSES]; 2],
    interval: Interval,
    p: f64,
}

impl Sequence {
    /// With the confidence of its intervals, both sides together.
    pub fn new(level: f64) -> Self {
        Self {
            error: (1.0 - level) / 2.0,
            staked: 0.0,
            purses: [[0.0; PURSES]; 2],
            interval: Interval {
                low: -1.0,
                high: 1.0,
            },
            p: 1.0,
        }
    }

    /// Another round: at least one pair of each stratum, with its coefficient. The coefficients are
    /// the same in every round.
    pub fn round(&mut self, strata: &[(f64, PairedCounts)]) {
        let most = strata
            .iter()
            .map(|(c, f)| count(f.n()) / c)
            .fold(f64::INFINITY, f64::min);
        if most <= 0.0 || most.is_infinite() {
            return;
        }
        self.staked += most;
        let mut share = BOLDEST;
        for purse in 0..PURSES {
            for (c, f) in strata {
                let bet = share * most * c / count(f.n());
                let [won, lost] = [bet.ln_1p(), (-bet).ln_1p()];
                self.purses[0][purse] += count(f.gained) * won + count(f.lost) * lost;
                self.purses[1][purse] += count(f.lost) * won + count(f.gained) * lost;
            }
            // Halved with every purse, as the share of the error: 2 · 2^purse of it.
            let errors = share / BOLDEST / 2.0;
            let bound = |purses: &[f64; PURSES]| {
                (purses[purse] + (self.error * errors).ln()) / (share * self.staked)
            };
            self.interval.low = self.interval.low.max(bound(&self.purses[0]));
            self.interval.high = self.interval.high.min(-bound(&self.purses[1]));
            self.p = self.p.min((-self.purses[1][purse]).exp() / errors);
            share /= 2.0;
        }
    }

    /// Of the difference, candidate minus baseline. It holds after all rounds at once, and so do
    /// the bounds of earlier rounds: the narrowest count.
    pub fn interval(&self) -> Interval {
        self.interval
    }

    /// Of "the candidate is not worse", one-sided: the smallest so far.
    pub fn p(&self) -> f64 {
        self.p
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{LEVEL, near};

    fn pairs(d: &[i32]) -> PairedCounts {
        let mut table = PairedCounts::default();
        for d in d {
            table.add(*d <= 0, *d >= 0);
        }
        table
    }

    /// n pairs, one to a round: lost where the number leaves 3 when divided, gained where it leaves
    /// that of the second.
    fn line(n: usize, lost: usize, (gained, rest): (usize, usize)) -> Sequence {
        let mut sequence = Sequence::new(LEVEL);
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

    /// The module's formulas pair by pair in Python; then `betting_cs` of confseq 0.0.11, the code
    /// of Waudby-Smith and Ramdas, on (d + 1)/2 with a grid of 4,000: other bets, so that only
    /// about the same is expected.
    #[test]
    fn intervals_are_as_narrow_as_those_of_the_paper() {
        for (sequence, [low, high], p, [other_low, other_high]) in [
            (
                line(300, 10, (25, 7)),
                [-0.138_029_201_2, 0.008_109_012_7],
                0.082_343_595_4,
                [-0.1290, 0.0050],
            ),
            (
                line(1000, 10, (12, 8)),
                [-0.063_311_702_1, 0.029_291_396_4],
                1.0,
                [-0.0645, 0.0280],
            ),
            (
                line(2000, 50, (40, 8)),
                [-0.012_316_479_5, 0.022_344_737_8],
                1.0,
                [-0.0115, 0.0210],
            ),
            (
                line(500, 4, (10, 8)),
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
    fn strata_are_bet_on_in_proportion() {
        let run = |level| {
            let mut sequence = Sequence::new(level);
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
        let found = line(200, 1000, (1000, 999)).interval();
        // One pair of the 200 is lost, the fourth: not so with none, where it is ln(80)/(0.98 ·
        // 200).
        assert!(found.low < -0.0224);
        let mut sequence = Sequence::new(LEVEL);
        (0..200).for_each(|_| sequence.round(&[(1.0, pairs(&[0]))]));
        near(sequence.interval().low, -80.0_f64.ln() / 196.0, 1e-12);
        near(sequence.interval().high, 80.0_f64.ln() / 196.0, 1e-12);
        near(sequence.p(), 1.0, 0.0);
    }

    #[test]
    fn a_round_that_lacks_a_stratum_says_nothing() {
        let mut sequence = Sequence::new(LEVEL);
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
