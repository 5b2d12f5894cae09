use super::*;
use crate::stats::{LEVEL, changed, near};

fn one(correct: usize, n: usize) -> [(f64, Share); 1] {
    [(1.0, Share { correct, n })]
}

/// statsmodels 0.15.0, `proportion_confint(method="beta")`, and scipy 1.17.1,
/// `binomtest(...).proportion_ci(method="exact")`; 81/263, 15/148, 0/20 and 1/29 are the
/// examples of Newcombe (1998, Statistics in Medicine 17:857, table I, method 5).
#[test]
fn shares_have_the_interval_of_clopper_and_pearson() {
    for (correct, n, low, high) in [
        (81, 263, 0.252_736_746, 0.367_621_923),
        (15, 148, 0.057_844_010, 0.161_650_490),
        (0, 20, 0.0, 0.168_433_471),
        (1, 29, 0.000_872_647, 0.177_644_295),
        (20, 20, 0.831_566_529, 1.0),
        (113, 164, 0.612_168_467, 0.758_899_985),
    ] {
        let found = mean(&one(correct, n), LEVEL);
        near(found.low, low, 1e-6);
        near(found.high, high, 1e-6);
    }
}

/// statsmodels 0.15.0, `mcnemar(exact=True)`. 121 and 59: the example of its documentation and
/// of Wikipedia's "McNemar's test".
#[test]
fn p_values_are_those_of_mcnemars_exact_test() {
    for (lost, gained, expected) in [
        (121, 59, 4.434_449_263_755_164_5e-6),
        (15, 4, 0.019_210_815_429_687_5),
        (6, 0, 0.031_25),
        (4, 0, 0.125),
        (0, 0, 1.0),
        (1, 1, 1.0),
        (5, 1, 0.218_75),
        (2, 12, 0.012_939_453_125),
        (500, 430, 0.023_608_839_292_547_163),
        (4000, 4100, 0.271_331_087_143_932_3),
    ] {
        for [lost, gained] in [[lost, gained], [gained, lost]] {
            near(
                p_value(&[(1.0, changed(9000, lost, gained))]) / expected,
                1.0,
                1e-6,
            );
            // The same in strata whose pairs weigh the same, one of them empty.
            if lost + gained < 900 {
                let rest = changed(3000, lost - lost / 3, gained - gained / 2);
                let strata = [
                    (0.25, changed(1000, lost / 3, gained / 2)),
                    (0.75, rest),
                    (0.0, changed(0, 0, 0)),
                ];
                near(p_value(&strata) / expected, 1.0, 1e-6);
            }
        }
    }
    near(p_value(&[]), 1.0, 0.0);
    near(
        p_value(&[(1.0, changed(100, 100, 0))]) * 2.0_f64.powi(99),
        1.0,
        1e-6,
    );
    // As small as a number can be, but never 0; and the other tail is no better.
    assert!(p_value(&[(1.0, changed(5000, 5000, 0))]) > 0.0);
    near(p_value(&[(1.0, changed(5000, 2500, 2500))]), 1.0, 0.0);
}

/// The interval at level 1 − p ends at 0.
#[test]
fn intervals_and_p_values_agree() {
    let equal = [(1.0, changed(100, 9, 2))];
    let weighted = [(0.5, changed(40, 7, 1)), (0.5, changed(100, 5, 2))];
    for strata in [&equal[..], &weighted[..]] {
        near(paired(strata, 1.0 - p_value(strata)).high, 0.0, 1e-6);
    }
}

/// Quantiles and shares of four million draws of the quotient by numpy 2.4: three digits.
#[test]
fn weighted_differences_are_quantiles_of_the_quotient() {
    let strata = [(0.5, changed(40, 7, 1)), (0.5, changed(100, 5, 2))];
    let found = paired(&strata, LEVEL);
    near(found.low, -0.178_85, 2e-4);
    near(found.high, -0.004_77, 2e-4);
    near(p_value(&strata), 0.037_162, 4e-4);
    let strata = [
        (0.2, changed(5, 0, 1)),
        (0.3, changed(30, 4, 2)),
        (0.5, changed(300, 20, 11)),
    ];
    let found = paired(&strata, LEVEL);
    near(found.low, -0.149_88, 3e-4);
    near(found.high, 0.168_72, 3e-4);
}

/// The formula of Fay and Feuer (1997) with scipy's gamma quantiles, for 7 of 4,000, 12 of
/// 9,000 and 3 of 1,000.
#[test]
fn rare_events_have_about_the_gamma_interval() {
    let strata = [(0.5, 7, 4000), (0.3, 12, 9000), (0.2, 3, 1000)]
        .map(|(weight, correct, n)| (weight, Share { correct, n }));
    let found = mean(&strata, LEVEL);
    near(found.low / 0.001_037_160, 1.0, 0.03);
    near(found.high / 0.003_239_618, 1.0, 0.03);
}

/// 300 subsets of one pair, none or some of which differ: as one sample of 300.
#[test]
fn strata_of_one_pair_are_one_sample() {
    for (lost, gained) in [(0, 0), (33, 0), (20, 5)] {
        let pair = |at: usize| {
            let is_gained = at >= lost && at < lost + gained;
            changed(1, usize::from(at < lost), usize::from(is_gained))
        };
        let strata: Vec<_> = (0..300).map(|at| (1.0 / 300.0, pair(at))).collect();
        let (found, whole) = (
            paired(&strata, LEVEL),
            paired(&[(1.0, changed(300, lost, gained))], LEVEL),
        );
        near(found.low, whole.low, 1e-6);
        near(found.high, whole.high, 1e-6);
        assert!(found.high - found.low > 0.02, "{found:?}");
    }
    // 3.69 of 300: 1 − 0.025^(1/300).
    near(
        paired(&[(1.0, changed(300, 0, 0))], LEVEL).low,
        -0.012_221,
        1e-5,
    );
}

#[test]
fn intervals_hold_their_estimate_and_have_a_width() {
    for n in [1_usize, 2, 7, 100] {
        for lost in (0..=n).step_by(n.div_ceil(9)) {
            for gained in (0..=n - lost).step_by(n.div_ceil(9)) {
                let strata = [(0.9, changed(n, lost, gained)), (0.1, changed(3, 1, 0))];
                let estimate: f64 = strata
                    .iter()
                    .map(|(w, c)| w * (c.candidate().value() - c.baseline().value()))
                    .sum();
                let found = paired(&strata, LEVEL);
                assert!(
                    found.low < estimate && estimate < found.high,
                    "{strata:?} {found:?}"
                );
                assert!(found.low >= -1.0 && found.high <= 1.0, "{found:?}");
            }
        }
    }
    // Certain to lie in −1 … 1, and in 0 … 1, without a pair.
    assert!(paired(&[], LEVEL).low <= -1.0 && paired(&[], LEVEL).high >= 1.0);
    assert!(mean(&one(0, 0), LEVEL).low <= 0.0 && mean(&one(0, 0), LEVEL).high >= 1.0);
}

/// With many pairs the interval is the normal one.
#[test]
fn large_samples_are_nearly_normal() {
    let half = 1.959_964 * (0.2 * 0.8 / 40_000.0_f64).sqrt();
    let found = mean(&one(8_000, 40_000), LEVEL);
    near(found.low, 0.2 - half, 0.02 * half);
    near(found.high, 0.2 + half, 0.02 * half);
    let both = unpaired(
        &[(
            1.0,
            [(8_000, 40_000), (9_000, 40_000)].map(|(correct, n)| Share { correct, n }),
        )],
        LEVEL,
    );
    let half = 1.959_964 * ((0.16 + 0.225 * 0.775) / 40_000.0_f64).sqrt();
    near(both.low, 0.025 - half, 0.02 * half);
    near(both.high, 0.025 + half, 0.02 * half);
}

/// RewardBench 2: five subsets of shares, and Ties, whose mean may be 1.01.
#[test]
fn a_mean_is_not_above_what_its_strata_allow() {
    let perfect = |limit: f64, n: usize| Values {
        limits: [0.0, limit],
        counts: vec![(limit, n)],
    };
    let mut strata = vec![(1.0 / 6.0, perfect(1.0, 100)); 5];
    strata.push((1.0 / 6.0, perfect(1.01, 100)));
    let found = mean_of(&strata, LEVEL);
    near(found.high, 6.01 / 6.0, 1e-12);
    assert!(found.low > 0.97, "{}", found.low);
    // Of Ties alone the limit is its own.
    near(mean_of(&strata[5..], LEVEL).high, 1.01, 1e-12);
    let nothing = vec![(0.5, perfect(1.0, 0)), (0.5, perfect(1.01, 7))];
    near(mean_of(&nothing, LEVEL).high, 1.01, 1e-12);
    let lost = |limit: f64| Values {
        limits: [-limit, limit],
        counts: vec![(-limit, 100)],
    };
    let strata = [(0.5, lost(1.0)), (0.5, lost(1.01))];
    near(difference(&strata, LEVEL).low, -1.005, 1e-12);
}
