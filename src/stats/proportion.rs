//! Confidence intervals for a share and for the difference of two shares.

use crate::stats::{Interval, PairedCounts, Share, count, normal};

impl Share {
    /// Wilson's score interval (Wilson, 1927, JASA 22:209); from 0 to 1 without pairs.
    pub(crate) fn wilson(self, level: f64) -> Interval {
        if self.n == 0 {
            return Interval {
                low: 0.0,
                high: 1.0,
            };
        }
        let (n, p, z) = (count(self.n), self.value(), normal::two_sided(level));
        let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
        let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        Interval {
            low: (centre - half).max(0.0),
            high: (centre + half).min(1.0),
        }
    }
}

/// Candidate minus baseline, for pairs that differ or cannot be matched: Newcombe's square-and-add
/// interval from Wilson's (Newcombe, 1998, Statistics in Medicine 17:873, method 10).
pub fn unpaired(baseline: Share, candidate: Share, level: f64) -> Interval {
    square_and_add(baseline, candidate, 0.0, level)
}

impl PairedCounts {
    /// Candidate minus baseline on the same pairs: Newcombe's square-and-add interval with the
    /// correlation of the two models, which has a continuity correction where it is positive
    /// (Newcombe, 1998, Statistics in Medicine 17:2635, method 10).
    pub fn interval(self, level: f64) -> Interval {
        let [both, lost, gained, neither] =
            [self.both, self.lost, self.gained, self.neither].map(count);
        let margins = (both + gained) * (lost + neither) * (both + lost) * (gained + neither);
        let product = both * neither - gained * lost;
        let corrected = if product > 0.0 {
            (product - count(self.n()) / 2.0).max(0.0)
        } else {
            product
        };
        let phi = if margins > 0.0 {
            corrected / margins.sqrt()
        } else {
            0.0
        };
        square_and_add(self.baseline(), self.candidate(), phi, level)
    }
}

/// `phi`: the correlation of the two models' verdicts.
fn square_and_add(baseline: Share, candidate: Share, phi: f64, level: f64) -> Interval {
    let (p, q) = (candidate.value(), baseline.value());
    let (of_p, of_q) = (candidate.wilson(level), baseline.wilson(level));
    // Negative only by rounding, as |phi| ≤ 1.
    let distance = |a: f64, b: f64| (a * a - 2.0 * phi * a * b + b * b).max(0.0).sqrt();
    Interval {
        low: (p - q - distance(p - of_p.low, of_q.high - q)).max(-1.0),
        high: (p - q + distance(of_p.high - p, q - of_q.low)).min(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{LEVEL, near};

    fn share(correct: usize, n: usize) -> Share {
        Share { correct, n }
    }

    /// Newcombe (1998, Statistics in Medicine 17:857), table I, method 3.
    #[test]
    fn wilson_intervals_of_newcombe() {
        for (correct, n, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let found = share(correct, n).wilson(LEVEL);
            near(found.low, low, 5e-5);
            near(found.high, high, 5e-5);
        }
    }

    /// Rows of table II of Newcombe (1998, Statistics in Medicine 17:873), method 10, to more
    /// digits from statsmodels 0.15.0, `confint_proportions_2indep(method="newcomb")`.
    #[test]
    fn unpaired_intervals_of_newcombe() {
        for (candidate, baseline, low, high) in [
            (share(56, 70), share(48, 80), 0.052_431_472, 0.333_872_654),
            (share(9, 10), share(3, 10), 0.170_522_724, 0.809_017_974),
            (share(5, 56), share(0, 29), -0.038_137_148, 0.192_560_014),
            (share(0, 10), share(0, 20), -0.161_125_158, 0.277_532_800),
            (share(10, 10), share(0, 20), 0.679_086_037, 1.0),
        ] {
            let found = unpaired(baseline, candidate, LEVEL);
            near(found.low, low, 1e-6);
            near(found.high, high, 1e-6);
        }
    }

    /// Published values: the first three are examples of Newcombe's paper; the fourth is what the R
    /// package contingencytables prints for Cavo et al. (2012), and the fifth is Bentur et al.
    /// (2009), both of Fagerland, Lydersen and Laake (2014, Statistics in Medicine 33:2850).
    #[test]
    fn paired_intervals_of_newcombe_and_fagerland() {
        for (both, gained, lost, neither, low, high, digits) in [
            (36, 12, 2, 0, 0.0569, 0.3404, 4),
            (20, 12, 2, 16, 0.0562, 0.3292, 4),
            (18, 12, 2, 18, 0.0562, 0.3290, 4),
            (59, 6, 16, 80, -0.1186, -0.0046, 4),
            (1, 1, 7, 12, -0.507, -0.026, 3),
        ] {
            let found = PairedCounts {
                both,
                lost,
                gained,
                neither,
            }
            .interval(LEVEL);
            let tolerance = 0.51 * 0.1_f64.powi(digits);
            near(found.low, low, tolerance);
            near(found.high, high, tolerance);
        }
    }

    /// Where nothing or everything differs: the formula in Python, with the Wilson intervals of
    /// statsmodels 0.15.0.
    #[test]
    fn paired_intervals_at_the_edges() {
        for (both, gained, lost, neither, low, high) in [
            (54, 0, 0, 0, -0.066_413_588, 0.066_413_588),
            (53, 1, 0, 0, -0.049_621_662, 0.097_714_375),
            (0, 0, 30, 0, -1.0, -0.839_467_820),
            (2, 97, 1, 0, 0.872_116_478, 0.985_366_450),
            (212, 144, 256, 707, -0.114_191_533, -0.055_433_473),
        ] {
            let found = PairedCounts {
                both,
                lost,
                gained,
                neither,
            }
            .interval(LEVEL);
            near(found.low, low, 1e-6);
            near(found.high, high, 1e-6);
        }
    }
}
