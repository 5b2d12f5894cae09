//! Numbers that depend on a seed and on nothing else.

use crate::stats::count;

/// SplitMix64 (Steele, Lea and Flood, 2014, OOPSLA, "Fast splittable pseudorandom number
/// generators").
pub struct Rng(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Rng {
    /// The generator of one replicate: what it draws depends on seed and index, not on who draws
    /// before it.
    pub fn stream(seed: u64, index: usize) -> Self {
        Self(mix(
            seed ^ mix((index as u64).wrapping_add(1).wrapping_mul(GOLDEN))
        ))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// From 0, included, to 1, not included, in steps of 2⁻⁵³.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds")]
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A binomial distribution, as the table of its cumulative probabilities.
pub struct Binomial(Vec<f64>);

impl Binomial {
    /// Probabilities by their ratios, from the mode outwards: nothing overflows, and tails keep
    /// their digits.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count"
    )]
    pub fn new(n: usize, p: f64) -> Self {
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

    /// P(X ≤ k)
    pub fn cumulative(&self, k: usize) -> f64 {
        self.0.get(k).copied().unwrap_or(1.0)
    }

    pub fn draw(&self, rng: &mut Rng) -> usize {
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

    /// The first numbers after seed 1234567, as in Vigna's splitmix64.c and in Rosetta Code.
    #[test]
    fn the_generator_is_splitmix64() {
        let mut rng = Rng(1_234_567);
        assert_eq!(
            [rng.next(), rng.next(), rng.next()],
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

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
