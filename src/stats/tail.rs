//! How rare numbers are that are larger than any that was seen, from a random sample of them.

/// The most of `population` numbers that can be larger than the largest of a sample of them, drawn
/// without replacement: with more, the sample would have missed all of them with a probability of
/// at most `alpha`. Whatever the numbers are.
#[expect(clippy::cast_precision_loss, reason = "counts")]
pub(crate) fn most_above_sample(population: usize, sample: usize, alpha: f64) -> usize {
    let unseen = population.saturating_sub(sample);
    // The probability that the k + 1 largest are all among the unseen.
    let mut missed = 1.0;
    for k in 0..unseen {
        missed *= (unseen - k) as f64 / (population - k) as f64;
        if missed <= alpha {
            return k;
        }
    }
    unseen
}

/// Numbers above 0 of which a share is larger than a bound, and which become rarer at least as fast
/// beyond it as up to it: to be larger than twice the bound is as rare as to be larger than the
/// bound twice by chance, or rarer. (Their hazard rate increases on average; Barlow and Proschan,
/// Statistical Theory of Reliability and Life Testing, 1975, chapter 4.)
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tail {
    pub(crate) bound: f64,
    /// From 0 to 1.
    pub(crate) share: f64,
}

impl Tail {
    /// At most this share is `x` or more. A bound of 0 says nothing of how numbers become rarer.
    pub(crate) fn beyond(self, x: f64) -> f64 {
        if x.is_nan() || x <= self.bound {
            1.0
        } else if self.bound > 0.0 {
            self.share.powf(x / self.bound)
        } else {
            self.share
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By counting all samples of small populations.
    #[test]
    fn no_more_are_above_than_a_sample_could_miss() {
        for (population, sample) in [(5, 2), (8, 3), (9, 8), (6, 6), (7, 0), (12, 5)] {
            for alpha in [0.05, 0.2, 0.5] {
                // The share of samples that have none of the `top` largest.
                let missed = |top: usize| {
                    let samples = (0u32..1 << population)
                        .filter(|set| set.count_ones() == u32::try_from(sample).unwrap());
                    let all = samples.clone().count();
                    let without = samples.filter(|set| set & ((1 << top) - 1) == 0).count();
                    f64::from(u32::try_from(without).unwrap())
                        / f64::from(u32::try_from(all).unwrap())
                };
                let most = most_above_sample(population, sample, alpha);
                assert!(
                    most == population - sample || missed(most + 1) <= alpha + 1e-12,
                    "{population} {sample} {alpha}"
                );
                assert!(
                    most == 0 || missed(most) > alpha - 1e-12,
                    "{population} {sample} {alpha}"
                );
            }
        }
        // ln 0.05 / ln (1 − 100/10,000) = 298.07: with replacement it would be 298.
        assert!((290..=298).contains(&most_above_sample(10_000, 100, 0.05)));
    }

    #[test]
    fn twice_as_far_is_as_rare_as_twice_by_chance() {
        let tail = Tail {
            bound: 2.0,
            share: 0.1,
        };
        assert!((tail.beyond(4.0) - 0.01).abs() < 1e-12);
        assert!((tail.beyond(2.0) - 1.0).abs() < 1e-12);
        assert!(tail.beyond(f64::NAN) >= 1.0);
        let unknown = Tail { bound: 0.0, ..tail };
        assert!((unknown.beyond(9.0) - 0.1).abs() < 1e-12);
    }
}
