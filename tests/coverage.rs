//! Simulated samples of pairs: how often intervals miss the truth, on which side, and how often a
//! gate is wrong.
//!
//! Each simulation runs twice. A short one, of 20 to 200 samples, is part of `cargo test`; its
//! bounds are wider by what so few samples may be off. The whole one takes minutes and is ignored:
//! `cargo test --release --test coverage -- --ignored --nocapture --test-threads 1` prints the
//! tables that are kept in `benchmarks/2026-11-26-coverage.md` and
//! `benchmarks/2026-11-24-early-answers.md`. Both are seeded: they find the same numbers on every
//! machine.
#![allow(clippy::too_many_lines, reason = "a table of simulations")]

mod common;

use std::collections::BTreeMap;

use common::verdict;
use pairbench::benchmark::Benchmark;
use pairbench::comparison::Comparison;
use pairbench::comparison::gate::sequential::{SEED, SequentialGate};
use pairbench::comparison::gate::{Rule, Status};
use pairbench::data::Item;
use pairbench::metrics::Tally;
use pairbench::scoring::ScoredItem;
use pairbench::stats;
use pairbench::stats::{Interval, LEVEL, PairedCounts, Share};
use rayon::prelude::*;

/// How many samples the lines of a simulation have.
#[derive(Clone, Copy)]
struct Effort {
    intervals: usize,
    gates: usize,
    /// Gates that are asked after every 16 pairs.
    early: usize,
    /// The same, with the evaluation after the last pair.
    to_the_end: usize,
    is_short: bool,
}

const WHOLE: Effort = Effort {
    intervals: 4_000,
    gates: 2_500,
    early: 2_000,
    to_the_end: 1_000,
    is_short: false,
};

const SHORT: Effort = Effort {
    intervals: 200,
    gates: 20,
    early: 30,
    to_the_end: 30,
    is_short: true,
};

impl Effort {
    /// What a share of about `rate` may be off in a short simulation of so many samples. The
    /// bounds of the whole one stand as they are.
    fn slack(self, rate: f64, samples: usize) -> f64 {
        if self.is_short {
            noise(rate, samples)
        } else {
            0.0
        }
    }
}

/// Chances of a pair in one subset: right under both, lost, gained, wrong under both.
type Chances = [f64; 4];

fn draw(rng: &mut fastrand::Rng, n: usize, chances: Chances) -> PairedCounts {
    let mut table = PairedCounts::default();
    for _ in 0..n {
        let at = rng.f64();
        let sums = chances.iter().scan(0.0, |sum, chance| {
            *sum += chance;
            Some(*sum)
        });
        let kind = sums.take(3).filter(|sum| *sum <= at).count();
        table.add(kind == 0 || kind == 1, kind == 0 || kind == 2);
    }
    table
}

/// What a share of about `rate` may be off in so many samples: four standard errors.
#[expect(clippy::cast_precision_loss, reason = "counts of samples")]
fn noise(rate: f64, samples: usize) -> f64 {
    4.0 * (rate * (1.0 - rate) / samples as f64).sqrt()
}

/// RewardBench's subsets with chances that differ from one to the next: accuracies from 0.5 to
/// 0.85, and `changing` of the pairs change, `skew` of them more lost than gained.
#[expect(clippy::cast_precision_loss, reason = "counts of subsets")]
fn benchmark_chances(changing: f64, skew: f64) -> Vec<(String, usize, Chances)> {
    let subsets = Benchmark::reward_bench().subsets.into_iter().enumerate();
    subsets
        .map(|(i, (name, n))| {
            let right = 0.5 + 0.35 * (i as f64) / 22.0;
            let (lost, gained) = (changing * (1.0 + skew) / 2.0, changing * (1.0 - skew) / 2.0);
            (name, n, [right - lost, lost, gained, 1.0 - right - gained])
        })
        .collect()
}

/// A comparison of samples.
fn sampled(
    rng: &mut fastrand::Rng,
    chances: &[(String, usize, Chances)],
    benchmark: &Benchmark,
) -> Comparison {
    let [before, after] = samples(rng, chances);
    Comparison::paired(&before, &after, true, Some(benchmark)).unwrap()
}

/// Verdicts of baseline and candidate, one subset after the other.
fn samples(rng: &mut fastrand::Rng, chances: &[(String, usize, Chances)]) -> [Vec<ScoredItem>; 2] {
    let [mut before, mut after] = [Vec::new(), Vec::new()];
    for (name, n, chances) in chances {
        let table = draw(rng, *n, *chances);
        let kinds = [
            (table.both, true, true),
            (table.lost, true, false),
            (table.gained, false, true),
            (table.neither, false, false),
        ];
        for (left, right) in kinds
            .into_iter()
            .flat_map(|(count, left, right)| std::iter::repeat_n((left, right), count))
        {
            before.push(verdict(before.len(), name, left));
            after.push(verdict(after.len(), name, right));
        }
    }
    [before, after]
}

/// What a gate of one rule says early, and after how many pairs; with `to_the_end` what it says in
/// the end, where it is not settled before.
fn asked(
    rng: &mut fastrand::Rng,
    rule: &Rule,
    chances: &[(String, usize, Chances)],
    benchmark: &Benchmark,
    to_the_end: bool,
) -> (Status, usize) {
    let [before, after] = samples(rng, chances);
    let pair = |v: &ScoredItem| Item {
        row: v.row,
        subset: v.subset.clone(),
        id: None,
        prompt: Vec::new(),
        chosen: String::new().into(),
        rejected: String::new().into(),
        is_tie: false,
        comparisons: pairbench::data::Comparisons::default(),
    };
    let (mut gate, order) = SequentialGate::new(
        std::slice::from_ref(rule),
        &before,
        true,
        after.iter().map(pair).collect(),
        Some(benchmark),
        SEED,
    )
    .unwrap();
    let mut seen: Vec<ScoredItem> = Vec::new();
    for chunk in order.chunks(16) {
        let from = seen.len();
        seen.extend(chunk.iter().map(|pair| after[pair.row].clone()));
        if gate.see(&seen[from..]).is_break() {
            return (gate.status(), seen.len());
        }
    }
    let end = if to_the_end {
        gate.finish(&seen, Some(benchmark)).unwrap().rules[0].status
    } else {
        gate.status()
    };
    (end, seen.len())
}

/// Pairs in strata that weigh the same: sizes, and the chances of a pair in each.
type Strata = Vec<(usize, Chances)>;

/// How often each bound of a 95 % interval was on the wrong side of the truth, and the mean width
/// against that of the normal interval with the true variance of a stratified sample.
struct Errors {
    low: f64,
    high: f64,
    width: f64,
}

/// `score`: the mean and the variance of a pair's value by its chances.
#[expect(clippy::cast_precision_loss, reason = "counts of samples")]
fn errors(
    samples: usize,
    strata: &Strata,
    score: impl Fn(&Chances) -> [f64; 2],
    interval: impl Fn(&[(f64, PairedCounts)]) -> Interval + Sync,
) -> Errors {
    let coefficient = 1.0 / strata.len() as f64;
    let (mut truth, mut variance) = (0.0, 0.0);
    for (n, chances) in strata {
        let [mean, spread] = score(chances);
        truth += coefficient * mean;
        variance += coefficient * coefficient * spread / *n as f64;
    }
    let one = |i: usize| {
        let mut rng = fastrand::Rng::with_seed(24_000_000 + i as u64);
        let drawn: Vec<_> = strata
            .iter()
            .map(|(n, chances)| (coefficient, draw(&mut rng, *n, *chances)))
            .collect();
        let found = interval(&drawn);
        // Equal but for rounding is no error.
        [
            f64::from(found.low > truth + 1e-9),
            f64::from(found.high < truth - 1e-9),
            found.high - found.low,
        ]
    };
    let found: Vec<[f64; 3]> = (0..samples).into_par_iter().map(one).collect();
    let mean = |at: usize| found.iter().map(|f| f[at]).sum::<f64>() / samples as f64;
    Errors {
        low: mean(0),
        high: mean(1),
        width: mean(2) / (2.0 * 1.959_964 * variance.sqrt()),
    }
}

/// The sizes of RewardBench's subsets for about `n` pairs in all, in rising order.
fn benchmark_sizes(n: usize) -> Vec<usize> {
    let subsets = Benchmark::reward_bench().subsets;
    let scaled = subsets
        .values()
        .map(|size| ((size * n + 1_492) / 2_985).max(1));
    let mut sizes: Vec<usize> = scaled.collect();
    sizes.sort_unstable();
    sizes
}

/// Strata of about `n` pairs, of which a share `flips` differ, with a drop by `drop`: where there
/// are several, everywhere or in the worst places.
fn designs(n: usize, flips: f64, drop: f64) -> Vec<(&'static str, Strata)> {
    let chances = |times: f64| {
        let (lost, gained) = (
            times * f64::midpoint(flips, drop),
            times * f64::midpoint(flips, -drop),
        );
        [0.0, lost, gained, 1.0 - lost - gained]
    };
    let even =
        |sizes: Vec<usize>| -> Strata { sizes.into_iter().map(|n| (n, chances(1.0))).collect() };
    // All of it in 5 of the 23 subsets.
    let some = |holds: fn(usize) -> bool| -> Strata {
        let sizes = benchmark_sizes(n).into_iter().enumerate();
        let one = |(at, n)| (n, chances(if holds(at) { 4.6 } else { 0.0 }));
        sizes.map(one).collect()
    };
    let against: Strata = benchmark_sizes(n)
        .into_iter()
        .enumerate()
        .map(|(at, n)| {
            let (lost, gained) = if at < 8 { (0.0, flips) } else { (flips, 0.0) };
            (n, [0.0, lost, gained, 1.0 - lost - gained])
        })
        .collect();
    vec![
        ("1", even(vec![n])),
        ("n/3 of 3", even(vec![3; n / 3])),
        ("n of 1", even(vec![1; n])),
        ("23", even(benchmark_sizes(n))),
        ("23, all in the 5 smallest", some(|at| at < 5)),
        ("23, all in the 5 largest", some(|at| at >= 18)),
        ("23, the 8 smallest gain, others lose", against),
    ]
}

/// Neither bound of a difference is wrong in more than 2.5 % of all samples.
#[expect(clippy::print_stdout, reason = "the table is the result")]
fn differences_hold(effort: Effort) {
    println!(
        "| subsets | pairs | differ | low, high: no difference | low, high: drop by 0.01 | width |\n\
         |:--|--:|--:|--:|--:|--:|"
    );
    let (sizes, shares): (&[usize], &[f64]) = if effort.is_short {
        (&[100, 300], &[0.005, 0.02, 0.1])
    } else {
        (
            &[100, 300, 1000, 3000],
            &[0.005, 0.01, 0.02, 0.05, 0.1, 0.2],
        )
    };
    let score = |[_, lost, gained, _]: &Chances| {
        let mean = gained - lost;
        [mean, lost + gained - mean * mean]
    };
    let most = 0.025 + noise(0.025, effort.intervals);
    let mut wrong = Vec::new();
    for kind in 0..designs(300, 0.1, 0.0).len() {
        for (n, flips) in sizes.iter().flat_map(|n| shares.iter().map(|f| (*n, *f))) {
            let drops = [0.0, f64::min(0.01, flips)].map(|drop| {
                let (name, strata) = designs(n, flips, drop).swap_remove(kind);
                let paired = |drawn: &[(f64, PairedCounts)]| stats::paired(drawn, LEVEL);
                (name, errors(effort.intervals, &strata, score, paired))
            });
            let [(name, same), (_, drop)] = drops;
            println!(
                "| {name} | {n} | {} % | {} | {} | {:.2} |",
                flips * 100.0,
                both(&same),
                both(&drop),
                same.width
            );
            if [same.low, same.high, drop.low, drop.high]
                .iter()
                .any(|error| *error > most)
            {
                wrong.push(format!("{name}, {n} pairs, {flips} differ"));
            }
            assert!(
                n < 1000 || flips < 0.05 || kind > 2 || same.width < 1.15,
                "{name} {n} {flips}: {}",
                same.width
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn both(errors: &Errors) -> String {
    format!("{:.2} %, {:.2} %", errors.low * 100.0, errors.high * 100.0)
}

/// Nor is one of a single model's accuracy, or of a difference of pairs that are not matched.
#[expect(clippy::print_stdout, reason = "the table is the result")]
#[expect(clippy::cast_precision_loss, reason = "counts of subsets")]
fn accuracies_hold(effort: Effort) {
    println!("| accuracy | subsets | pairs | low, high | width |\n|:--|:--|--:|--:|--:|");
    let sizes: &[usize] = if effort.is_short {
        &[100]
    } else {
        &[100, 300, 3000]
    };
    let most = 0.025 + noise(0.025, effort.intervals);
    let score = |chances: &Chances| {
        let right = chances[0];
        [right, right * (1.0 - right)]
    };
    let accuracy = |drawn: &[(f64, PairedCounts)]| {
        let shares: Vec<(f64, Share)> = drawn.iter().map(|(w, c)| (*w, c.baseline())).collect();
        stats::mean(&shares, LEVEL)
    };
    let chances = |right: f64| [right, 0.0, 0.0, 1.0 - right];
    for n in sizes {
        let mut cases: Vec<(String, &str, Strata)> = Vec::new();
        for right in [0.5, 0.8, 0.95, 0.99] {
            let of = |sizes: Vec<usize>| sizes.into_iter().map(|n| (n, chances(right))).collect();
            cases.push((right.to_string(), "1", of(vec![*n])));
            cases.push((right.to_string(), "23", of(benchmark_sizes(*n))));
        }
        let rising = benchmark_sizes(*n).into_iter().enumerate();
        let falling = rising
            .clone()
            .map(|(at, n)| (n, chances(1.0 - 0.03 * at as f64)));
        cases.push((
            "1 in the smallest to 0.34".to_owned(),
            "23",
            falling.collect(),
        ));
        let rising = rising.map(|(at, n)| (n, chances(0.34 + 0.03 * at as f64)));
        cases.push((
            "0.34 in the smallest to 1".to_owned(),
            "23",
            rising.collect(),
        ));
        for (right, name, strata) in cases {
            let found = errors(effort.intervals, &strata, score, accuracy);
            println!(
                "| {right} | {name} | {n} | {} | {:.2} |",
                both(&found),
                found.width
            );
            assert!(
                found.low <= most && found.high <= most,
                "{right} {name} {n}"
            );
        }
    }
    println!("\n| unmatched, lost and gained | pairs | low, high | width |\n|:--|--:|--:|--:|");
    for (n, [lost, gained]) in [(100, [0.1, 0.1]), (164, [0.2, 0.1]), (1000, [0.06, 0.04])] {
        // The first stratum's baseline and the second one's candidate, each with half the weight.
        let strata = vec![(n, [0.6, lost, gained, 0.4 - lost - gained]); 2];
        let score = |[both, lost, gained, _]: &Chances| {
            let [before, after] = [both + lost, both + gained];
            let spread = before * (1.0 - before) + after * (1.0 - after);
            [after - before, 2.0 * spread]
        };
        let other = |drawn: &[(f64, PairedCounts)]| {
            let sides = [drawn[0].1.baseline(), drawn[1].1.candidate()];
            stats::unpaired(&[(1.0, sides)], LEVEL)
        };
        let found = errors(effort.intervals, &strata, score, other);
        println!(
            "| {lost}, {gained} | {n} | {} | {:.2} |",
            both(&found),
            found.width
        );
        assert!(
            found.low <= most && found.high <= most,
            "{lost} {gained} {n}"
        );
    }
}

/// Where the truth is at the limit of what a rule allows, it fails, and a `drop` passes, in no more
/// than 2.5 % of all samples.
#[expect(clippy::print_stdout, reason = "the table is the result")]
#[expect(clippy::cast_precision_loss, reason = "counts of samples")]
fn gates_are_seldom_wrong(effort: Effort) {
    println!("| rule | truth | fails | passes |\n|:--|:--|--:|--:|");
    let benchmark = Benchmark::reward_bench();
    let even = |what: &str, sizes: &dyn Fn(usize) -> usize, changing: f64, skew: f64| {
        let chances = benchmark_chances(changing, skew).into_iter();
        let scaled = chances.map(|(name, n, chances)| (name, sizes(n), chances));
        (what.to_owned(), scaled.collect::<Vec<_>>())
    };
    let one = |flips: f64| {
        let (lost, gained) = (f64::midpoint(flips, 0.01), f64::midpoint(flips, -0.01));
        let chances = [0.7, lost, gained, 0.3 - lost - gained];
        let what = format!("300 pairs, {} % differ", flips * 100.0);
        (what, vec![("hep-go".to_owned(), 300, chances)])
    };
    let tenth = |n: usize| (n + 5) / 10;
    let same = |n: usize| n;
    let no_drop = [
        "significant-drop:subset:*:0.05",
        "significant-drop:average:0.05",
        "drop:subset:*:0",
        "drop:average:0",
        "drop:section:*:0",
    ];
    let drop = ["drop:average:0.01", "drop:total:0.01"];
    let large = [
        "drop:average:0.02",
        "drop:subset:*:0.02",
        "drop:section:*:0.02",
        "drop:total:0.02",
    ];
    for ((what, chances), rules) in [
        (
            even("2,985 pairs, 15 % differ", &same, 0.15, 0.0),
            &no_drop[..],
        ),
        (even("2,985 pairs, 3 % differ", &same, 0.03, 0.0), &no_drop),
        (even("2,985 pairs, 10 % differ", &same, 0.10, 0.2), &large),
        (even("2,985 pairs, 2 % differ", &same, 0.02, 1.0), &large),
        (even("299 pairs, 1 % differ", &tenth, 0.01, 1.0), &drop),
        (even("299 pairs, 2 % differ", &tenth, 0.02, 0.5), &drop),
        (even("299 pairs, 5 % differ", &tenth, 0.05, 0.2), &drop),
        (one(0.01), &drop),
        (one(0.02), &drop),
        (one(0.05), &drop),
    ] {
        let rules: Vec<Rule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let statuses = |i: usize| {
            let mut rng = fastrand::Rng::with_seed(42_000_000 + i as u64);
            let found = sampled(&mut rng, &chances, &benchmark);
            let status = |rule: &Rule| rule.evaluate(&found).unwrap().status;
            rules.iter().map(status).collect::<Vec<_>>()
        };
        let statuses: Vec<Vec<Status>> = (0..effort.gates).into_par_iter().map(statuses).collect();
        for (at, rule) in rules.iter().enumerate() {
            let rate = |status: Status| {
                statuses.iter().filter(|s| s[at] == status).count() as f64 / effort.gates as f64
            };
            let [fails, passes] = [Status::Fail, Status::Pass].map(rate);
            println!(
                "| `{rule}` | {what} | {:.2} % | {:.2} % |",
                fails * 100.0,
                passes * 100.0
            );
            let most = 0.025 + noise(0.025, effort.gates);
            let is_drop = matches!(rule, Rule::Drop { .. });
            assert!(
                fails <= most && (!is_drop || passes <= most),
                "{rule}, {what}"
            );
        }
    }
}

/// Every second subset drops by 0.15, the others gain as much as leaves a drop of 0.02 in the
/// average.
fn uneven() -> Vec<(String, usize, Chances)> {
    let gain = (12.0 * 0.15 - 23.0 * 0.02) / 11.0;
    let subsets = benchmark_chances(0.0, 0.0).into_iter().enumerate();
    let change = |(i, (name, n, [right, .., wrong])): (usize, (String, usize, Chances))| {
        let chances = if i % 2 == 0 {
            [right - 0.15, 0.15, 0.0, wrong]
        } else {
            [right, 0.0, gain, wrong - gain]
        };
        (name, n, chances)
    };
    subsets.map(change).collect()
}

/// A rule, and whether failing and passing is wrong.
type Asked = (&'static str, bool, bool);

/// At the limit of what a rule allows it is settled wrongly in no more than half of its error rate;
/// and how many pairs it takes where there is something to settle.
#[expect(clippy::print_stdout, reason = "the table is the result")]
fn early_answers(effort: Effort) {
    let benchmark = Benchmark::reward_bench();
    let even = |lost: f64, gained: f64| {
        (
            format!("lost {lost:.3}, gained {gained:.3} everywhere"),
            even(lost, gained),
        )
    };
    let limits: &[Asked] = &[
        ("drop:average:0.02", true, true),
        ("drop:total:0.02", true, true),
        ("drop:subset:*:0.02", true, true),
    ];
    let alarms: &[Asked] = &[
        ("significant-drop:total:0.05", true, false),
        ("significant-drop:average:0.05", true, false),
        ("significant-drop:subset:*:0.05", true, false),
    ];
    let same: &[Asked] = &[
        ("drop:total:0.01", true, false),
        ("drop:average:0.02", true, false),
        ("drop:section:*:0.05", true, false),
    ];
    let worse: &[Asked] = &[
        ("drop:average:0.01", false, true),
        ("drop:total:0.01", false, true),
        ("significant-drop:subset:*:0.05", false, false),
    ];
    println!("| rule | truth | fails early | passes early | pairs, mean |\n|:--|:--|--:|--:|--:|");
    for ((truth, chances), rules) in [
        (even(0.060, 0.040), limits),
        (even(0.020, 0.000), limits),
        (
            ("uneven, the average drops by 0.02".to_owned(), uneven()),
            &limits[..1],
        ),
        (even(0.075, 0.075), alarms),
        (even(0.000, 0.000), same),
        (even(0.005, 0.005), same),
        (even(0.020, 0.020), same),
        (even(0.080, 0.030), worse),
        (even(0.150, 0.050), worse),
        (even(0.350, 0.050), worse),
    ] {
        for (rule, fail_is_wrong, pass_is_wrong) in rules {
            let found = simulated(effort.early, rule, &chances, &benchmark, false);
            println!(
                "| `{rule}` | {truth} | {:.2} % | {:.2} % | {:.0} |",
                found.fails * 100.0,
                found.passes * 100.0,
                found.pairs
            );
            // Half of the error rate, and half of that on one side; three standard errors of 2,000
            // samples.
            let most = 0.0125 + 0.0075 + effort.slack(0.0125, effort.early);
            assert!(
                !fail_is_wrong || found.fails <= most,
                "{rule}: {}",
                found.fails
            );
            assert!(
                !pass_is_wrong || found.passes <= most,
                "{rule}: {}",
                found.passes
            );
        }
    }
}

/// SequentialGate answers and the evaluation after the last pair together keep the rule's error
/// rate.
#[expect(clippy::print_stdout, reason = "the table is the result")]
fn early_answers_and_the_end(effort: Effort) {
    let benchmark = Benchmark::reward_bench();
    println!("| rule | truth | fails | passes |\n|:--|:--|--:|--:|");
    for rule in ["drop:total:0.02", "drop:average:0.02"] {
        let found = simulated(
            effort.to_the_end,
            rule,
            &even(0.060, 0.040),
            &benchmark,
            true,
        );
        println!(
            "| `{rule}` | lost 0.060, gained 0.040 everywhere | {:.2} % | {:.2} % |",
            found.fails * 100.0,
            found.passes * 100.0
        );
        assert!(
            found.fails + found.passes <= 0.05 + effort.slack(0.05, effort.to_the_end),
            "{rule}: {} {}",
            found.fails,
            found.passes
        );
    }
}

/// RewardBench's subsets, each with these chances of a pair being lost and gained.
fn even(lost: f64, gained: f64) -> Vec<(String, usize, Chances)> {
    benchmark_chances(
        lost + gained,
        (lost - gained) / (lost + gained).max(f64::MIN_POSITIVE),
    )
}

/// Shares of samples, and the mean number of pairs.
struct Found {
    fails: f64,
    passes: f64,
    pairs: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts of samples and pairs")]
fn simulated(
    samples: usize,
    rule: &str,
    chances: &[(String, usize, Chances)],
    benchmark: &Benchmark,
    to_the_end: bool,
) -> Found {
    let rule: Rule = rule.parse().unwrap();
    let one = |i: usize| {
        asked(
            &mut fastrand::Rng::with_seed(66_000_000 + i as u64),
            &rule,
            chances,
            benchmark,
            to_the_end,
        )
    };
    let answers: Vec<(Status, usize)> = (0..samples).into_par_iter().map(one).collect();
    let share = |status: Status| {
        answers.iter().filter(|(found, _)| *found == status).count() as f64 / samples as f64
    };
    Found {
        fails: share(Status::Fail),
        passes: share(Status::Pass),
        pairs: answers.iter().map(|(_, pairs)| *pairs as f64).sum::<f64>() / samples as f64,
    }
}

#[test]
fn differences_hold_in_short() {
    differences_hold(SHORT);
}

#[test]
#[ignore = "simulates for minutes; \
            its result is recorded in benchmarks/2026-11-26-coverage.md"]
fn differences_hold_everywhere() {
    differences_hold(WHOLE);
}

#[test]
fn accuracies_hold_in_short() {
    accuracies_hold(SHORT);
}

#[test]
#[ignore = "simulates for minutes; \
            its result is recorded in benchmarks/2026-11-26-coverage.md"]
fn accuracies_hold_everywhere() {
    accuracies_hold(WHOLE);
}

#[test]
fn gates_are_seldom_wrong_in_short() {
    gates_are_seldom_wrong(SHORT);
}

#[test]
#[ignore = "simulates for minutes; \
            its result is recorded in benchmarks/2026-11-26-coverage.md"]
fn gates_are_seldom_wrong_everywhere() {
    gates_are_seldom_wrong(WHOLE);
}

#[test]
fn early_answers_are_seldom_wrong_in_short() {
    early_answers(SHORT);
}

#[test]
#[ignore = "simulates for minutes; \
            its result is recorded in benchmarks/2026-11-24-early-answers.md"]
fn early_answers_are_seldom_wrong() {
    early_answers(WHOLE);
}

#[test]
fn early_answers_and_the_end_are_seldom_wrong_in_short() {
    early_answers_and_the_end(SHORT);
}

#[test]
#[ignore = "simulates for minutes; \
            its result is recorded in benchmarks/2026-11-24-early-answers.md"]
fn early_answers_and_the_end_are_seldom_wrong() {
    early_answers_and_the_end(WHOLE);
}

/// The chances above are chances.
#[test]
fn chances_add_up() {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    assert!(
        uneven()
            .iter()
            .chain(&even(0.35, 0.05))
            .all(|(.., chances)| chances.iter().all(|c| *c >= -1e-12))
    );
    for (name, n, chances) in benchmark_chances(0.15, 0.3) {
        assert!(
            (chances.iter().sum::<f64>() - 1.0).abs() < 1e-12 && chances.iter().all(|c| *c >= 0.0),
            "{chances:?}"
        );
        let table = draw(&mut fastrand::Rng::with_seed(1), n, chances);
        assert_eq!(table.n(), n);
        tallies.entry(name).or_default().correct += table.candidate().correct;
    }
    assert_eq!(tallies.len(), 23);
}
