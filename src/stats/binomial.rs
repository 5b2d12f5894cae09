//! Binomial distributions.

use crate::stats::count;
use crate::stats::random::Rng;

/// A binomial distribution, as the table of its cumulative probabilities.
pub(crate) struct Binomial(Vec<f64>);

impl Binomial {
    /// `n` trials with success probability `p`. Probabilities are computed by their ratios, from
    /// the mode outwards: nothing overflows, and the tails keep their precision.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count"
    )]
    pub(crate) fn new(n: usize, p: f64) -> Self {
        let mode = ((count(n + 1) * p) as usize).min(n);
        let mut table = vec![0.0; n + 1];
        table[mode] = 1.0;
        for k in mode..n {
            table[k + 1] = table[k] * count(n - k) / count(k + 1) * p / (1.0 - p);
        }
        for k in (0..mode).rev() {
            table[k] = table[k + 1] * count(k + 1) / count(n - k) * (1.0 - p) / p;
        }
        let whole: f64 = table.iter().sum();
        let mut sum = 0.0;
        for entry in &mut table {
            sum += *entry / whole;
            *entry = sum;
        }
        Self(table)
    }

    /// P(X ≤ k).
    pub(crate) fn cumulative(&self, k: usize) -> f64 {
        self.0.get(k).copied().unwrap_or(1.0)
    }

    /// A random number of successes.
    pub(crate) fn draw(&self, rng: &mut Rng) -> usize {
        let unit = rng.unit();
        self.0
            .partition_point(|cumulative| *cumulative <= unit)
            .min(self.0.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::near;

    /// scipy 1.17.1, `stats.binom.cdf`: n, p, k, P(X ≤ k).
    const CDF: [(usize, f64, usize, f64); 7] = [
        (10, 0.5, 2, 0.054_687_5),
        (164, 0.9, 140, 0.037_561_249_686_777_314),
        (164, 0.9, 100, 8.884_234_137_662_418e-23),
        (2985, 0.8, 2300, 4.080_051_191_685_294e-5),
        (1000, 0.5, 400, 1.364_232_078_032_973_5e-10),
        (60, 0.02, 0, 0.297_553_142_692_120_74),
        (60, 0.98, 59, 0.702_446_857_307_879_6),
    ];

    #[test]
    fn probabilities_are_scipys() {
        for (n, p, k, expected) in CDF {
            near(Binomial::new(n, p).cumulative(k) / expected, 1.0, 1e-10);
        }
        assert_eq!(
            [
                Binomial::new(7, 0.0).cumulative(0).to_bits(),
                Binomial::new(7, 1.0).cumulative(6).to_bits()
            ],
            [1.0_f64.to_bits(), 0]
        );
    }

    #[test]
    fn draws_have_the_mean_and_variance_of_the_distribution() {
        let (table, draws) = (Binomial::new(40, 0.3), 20_000);
        let values: Vec<f64> = (0..draws)
            .map(|i| count(table.draw(&mut Rng::stream(1, i))))
            .collect();
        let mean = values.iter().sum::<f64>() / count(draws);
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count(draws);
        // Four standard errors.
        near(mean, 12.0, 4.0 * (8.4 / count(draws)).sqrt());
        near(variance, 8.4, 4.0 * 8.4 * (2.0 / count(draws)).sqrt());
        assert!([0.0, 1.0].map(|p| Binomial::new(5, p).draw(&mut Rng::stream(2, 3))) == [0, 5]);
    }
}
