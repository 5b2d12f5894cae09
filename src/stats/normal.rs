//! Quantiles of the standard normal distribution.

/// The point below which a standard normal variable lies with probability `p`: algorithm AS 241,
/// PPND7, about 7 digits (Wichura, 1988, Applied Statistics 37:477).
pub(crate) fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        let above = horner(
            r,
            &[
                3.387_132_717_9,
                50.434_271_938,
                159.291_132_02,
                59.109_374_720,
            ],
        );
        return q * above / horner(r, &[1.0, 17.895_169_469, 78.757_757_664, 67.187_563_600]);
    }
    let r = (-p.min(1.0 - p).ln()).sqrt();
    let size = if r <= 5.0 {
        let r = r - 1.6;
        horner(
            r,
            &[
                1.423_437_277_7,
                2.756_815_390_0,
                1.306_728_481_6,
                0.170_238_211_03,
            ],
        ) / horner(r, &[1.0, 0.737_001_642_50, 0.120_211_329_75])
    } else {
        let r = r - 5.0;
        horner(
            r,
            &[
                6.657_905_115_0,
                3.081_226_386_0,
                0.428_682_943_37,
                0.017_337_203_997,
            ],
        ) / horner(r, &[1.0, 0.241_978_942_25, 0.012_258_202_635])
    };
    size.copysign(q)
}

/// The polynomial Σ cᵢ xⁱ.
fn horner(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::near;

    /// scipy 1.17.1, `stats.norm.ppf`.
    #[test]
    fn quantiles_are_scipys() {
        for (p, expected) in [
            (0.5, 0.0),
            (0.8, 0.841_621_233_572_914_3),
            (0.9, 1.281_551_565_544_600_4),
            (0.975, 1.959_963_984_540_054),
            (0.9975, 2.807_033_768_343_811),
            (1.0 - 0.05 / 46.0, 3.065_383_151_644_734),
            (0.999_999, 4.753_424_308_817_087),
        ] {
            near(quantile(p), expected, 5e-7);
            near(quantile(1.0 - p), -expected, 5e-7);
        }
        near(quantile(1e-13), -7.348_796_102_800_677, 5e-6);
    }
}
