//! Simulated samples of items that count more than right or wrong: how often the interval of their
//! mean, and of the mean difference of two models, misses the truth on either side.
//!
//! `tests/coverage.rs` does the same for pairs. A short simulation is part of `cargo test`; the
//! whole one prints the table of `benchmarks/2026-11-27-coverage-of-credits.md`:
//! `cargo test --release --lib coverage_of_credits -- --ignored --nocapture`.

use rayon::prelude::*;

use crate::stats::random::Rng;
use crate::stats::weighted_mean::{difference, mean_of};
use crate::stats::{Interval, LEVEL, Values, count};

/// What an item can count, with its chance.
type Credits = &'static [(f64, f64)];

const THIRD: f64 = 1.0 / 3.0;

/// Credits like those of the metrics, and two that are skewed as far as a benchmark may be.
const METRICS: [(&str, Credits); 5] = [
    (
        "best of 4, some ties",
        &[
            (1.0, 0.62),
            (0.5, 0.02),
            (THIRD, 0.01),
            (0.25, 0.05),
            (0.0, 0.3),
        ],
    ),
    (
        "thirds (RM-Bench)",
        &[(1.0, 0.5), (2.0 * THIRD, 0.25), (THIRD, 0.15), (0.0, 0.1)],
    ),
    (
        "three ninths or all",
        &[(1.0, 0.55), (7.0 / 9.0, 0.25), (THIRD, 0.2)],
    ),
    (
        "nearly all right",
        &[(1.0, 0.985), (0.25, 0.01), (0.0, 0.005)],
    ),
    (
        "nearly all wrong",
        &[(0.0, 0.985), (THIRD, 0.01), (1.0, 0.005)],
    ),
];

/// Items of each stratum; strata weigh the same.
const DESIGNS: [(&str, &[usize]); 5] = [
    ("1", &[50]),
    ("1", &[300]),
    ("1", &[1500]),
    ("4, unequal", &[20, 40, 60, 180]),
    (
        "23, 2 to 90 each",
        &[
            2, 6, 10, 14, 18, 22, 26, 30, 34, 38, 42, 46, 50, 54, 58, 62, 66, 70, 74, 78, 82, 86,
            90,
        ],
    ),
];

/// How often an item counts another number under the candidate.
const CHANGING: f64 = 0.15;

fn drawn(rng: &mut Rng, credits: Credits) -> f64 {
    let at = rng.unit();
    let mut sum = 0.0;
    for (value, chance) in credits {
        sum += chance;
        if at < sum {
            return *value;
        }
    }
    credits.last().map_or(0.0, |(value, _)| *value)
}

fn expected(credits: Credits) -> f64 {
    credits.iter().map(|(value, chance)| value * chance).sum()
}

/// How often the lower bound was above the truth, and the upper one below it.
fn errors(samples: usize, truth: f64, interval: impl Fn(&mut Rng) -> Interval + Sync) -> [f64; 2] {
    let one = |index: usize| {
        let found = interval(&mut Rng::stream(27_112_026, index));
        // Equal but for rounding is no error.
        [found.low > truth + 1e-9, found.high < truth - 1e-9]
    };
    let found: Vec<[bool; 2]> = (0..samples).into_par_iter().map(one).collect();
    [0, 1].map(|side| count(found.iter().filter(|error| error[side]).count()) / count(samples))
}

/// Neither bound is wrong in more than 2.5 % of the samples, but for what so few may be off.
#[expect(clippy::print_stdout, reason = "the table is the result")]
fn hold(samples: usize) {
    let most = 0.025 + 4.0 * (0.025 * 0.975 / count(samples)).sqrt();
    println!(
        "| credits | strata | items | low, high: mean | low, high: difference |\n\
         |:--|:--|--:|--:|--:|"
    );
    for (name, credits) in METRICS {
        for (strata, sizes) in DESIGNS {
            let coefficient = 1.0 / count(sizes.len());
            let mean = errors(samples, expected(credits), |rng| {
                let one = |n: &usize| {
                    let units: Vec<f64> = (0..*n).map(|_| drawn(rng, credits)).collect();
                    (coefficient, Values::of([0.0, 1.0], &units))
                };
                mean_of(&sizes.iter().map(one).collect::<Vec<_>>(), LEVEL)
            });
            // Where an item changes, the candidate draws from the middle metric's credits.
            let other = METRICS[1].1;
            let change = CHANGING * (expected(other) - expected(credits));
            let paired = errors(samples, change, |rng| {
                let unit = |rng: &mut Rng| {
                    let before = drawn(rng, credits);
                    let after = if rng.unit() < CHANGING {
                        drawn(rng, other)
                    } else {
                        before
                    };
                    after - before
                };
                let one = |n: &usize| {
                    let units: Vec<f64> = (0..*n).map(|_| unit(rng)).collect();
                    (coefficient, Values::of([-1.0, 1.0], &units))
                };
                difference(&sizes.iter().map(one).collect::<Vec<_>>(), LEVEL)
            });
            let [mean_text, paired_text] = [mean, paired]
                .map(|[low, high]| format!("{:.2} %, {:.2} %", low * 100.0, high * 100.0));
            let n: usize = sizes.iter().sum();
            println!("| {name} | {strata} | {n} | {mean_text} | {paired_text} |");
            for error in mean.into_iter().chain(paired) {
                assert!(error <= most, "{name}, {strata}, {n} items: {error}");
            }
        }
    }
}

#[test]
fn intervals_of_credits_hold_in_short() {
    hold(200);
}

#[test]
#[ignore = "simulates for minutes; its result is recorded in \
            benchmarks/2026-11-27-coverage-of-credits.md"]
fn intervals_of_credits_hold() {
    hold(4_000);
}

#[test]
fn chances_add_up() {
    for (name, credits) in METRICS {
        let sum: f64 = credits.iter().map(|(_, chance)| chance).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{name}: {sum}");
    }
}
