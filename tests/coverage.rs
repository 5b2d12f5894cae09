//! Simulated samples of pairs: how often intervals hold the truth, and how often a gate raises a
//! false alarm.
//!
//! Each simulation runs twice. A short one, of 20 to 1,000 samples, is part of `cargo test`; its
//! bounds are wider by what so few samples may be off. The whole one takes minutes and is ignored:
//! `cargo test --release --test coverage -- --ignored --nocapture` prints the tables that are kept
//! in `benchmarks/2026-11-24-coverage.md` and `benchmarks/2026-11-24-early-answers.md`. Both are
//! seeded: they find the same numbers on every machine.
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
use pairbench::stats::{Interval, LEVEL, PairedCounts, Share, bootstrap};
use rayon::prelude::*;

/// How many samples the lines of a simulation have.
#[derive(Clone, Copy)]
struct Effort {
    intervals: usize,
    /// Intervals that are themselves 10,000 replicates.
    bootstraps: usize,
    gates: usize,
    /// Gates that are asked after every 16 pairs.
    early: usize,
    /// The same, with the evaluation after the last pair.
    to_the_end: usize,
    is_short: bool,
}

const WHOLE: Effort = Effort {
    intervals: 10_000,
    bootstraps: 10_000,
    gates: 2_500,
    early: 2_000,
    to_the_end: 1_000,
    is_short: false,
};

const SHORT: Effort = Effort {
    intervals: 1_000,
    bootstraps: 100,
    gates: 20,
    early: 30,
    to_the_end: 30,
    is_short: true,
};

impl Effort {
    /// What a share of about `rate` may be off in a short simulation of so many samples: four
    /// standard errors. The bounds of the whole one stand as they are.
    #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
    fn slack(self, rate: f64, samples: usize) -> f64 {
        if self.is_short {
            4.0 * (rate * (1.0 - rate) / samples as f64).sqrt()
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

/// Share of `samples` of which `holds`, each with a generator of its own.
#[expect(clippy::cast_precision_loss, reason = "counts of samples")]
fn share(samples: usize, holds: impl Fn(&mut fastrand::Rng) -> bool + Sync) -> f64 {
    let count = (0..samples)
        .into_par_iter()
        .filter(|i| holds(&mut fastrand::Rng::with_seed(24_000_000 + *i as u64)))
        .count();
    count as f64 / samples as f64
}

fn holds(interval: Interval, truth: f64) -> bool {
    interval.low <= truth && truth <= interval.high
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

#[expect(clippy::print_stdout, reason = "the table is the result")]
fn intervals_cover(effort: Effort) {
    println!("| interval | pairs | lost, gained | covers |\n|:--|--:|:--|--:|");
    let mut all = Vec::new();
    let mut say = |what: &str, n: usize, chances: &str, covers: f64| {
        println!("| {what} | {n} | {chances} | {:.2} % |", covers * 100.0);
        all.push((what.to_owned(), covers));
    };
    for (n, [lost, gained], right) in [
        (100, [0.10, 0.10], 0.7),
        (100, [0.15, 0.05], 0.6),
        (164, [0.08, 0.05], 0.65),
        (164, [0.20, 0.10], 0.5),
        (447, [0.05, 0.03], 0.4),
        (447, [0.15, 0.15], 0.5),
        (1000, [0.06, 0.04], 0.7),
    ] {
        let chances = [right, lost, gained, 1.0 - right - lost - gained];
        let about = format!("{lost:.2}, {gained:.2}");
        say(
            "Newcombe, paired",
            n,
            &about,
            share(effort.intervals, |rng| {
                holds(draw(rng, n, chances).interval(LEVEL), gained - lost)
            }),
        );
        let unpaired = |rng: &mut fastrand::Rng| {
            let [before, after] = [
                draw(rng, n, chances).baseline(),
                draw(rng, n, chances).candidate(),
            ];
            holds(stats::unpaired(before, after, LEVEL), gained - lost)
        };
        say(
            "Newcombe, unpaired",
            n,
            &about,
            share(effort.intervals, unpaired),
        );
    }
    for (changing, skew) in [(0.05, 0.2), (0.15, 0.0), (0.15, 0.3)] {
        let strata = benchmark_chances(changing, skew);
        let n = strata.iter().map(|(_, n, _)| n).sum();
        let weight = 1.0 / 23.0;
        let about = format!("{:.3}, {:.3}", strata[0].2[1], strata[0].2[2]);
        let truth = strata
            .iter()
            .map(|(.., c)| weight * (c[2] - c[1]))
            .sum::<f64>();
        let sample = |rng: &mut fastrand::Rng| {
            strata
                .iter()
                .map(|(_, n, c)| (weight, draw(rng, *n, *c)))
                .collect::<Vec<_>>()
        };
        say(
            "bootstrap, average, paired",
            n,
            &about,
            share(effort.bootstraps, |rng| {
                holds(bootstrap::paired(&sample(rng), LEVEL), truth)
            }),
        );
        if skew > 0.25 {
            let truth = strata
                .iter()
                .map(|(.., c)| weight * (c[0] + c[2]))
                .sum::<f64>();
            let one = |rng: &mut fastrand::Rng| {
                let shares: Vec<(f64, Share)> = sample(rng)
                    .into_iter()
                    .map(|(w, table)| (w, table.candidate()))
                    .collect();
                holds(bootstrap::mean(&shares, LEVEL), truth)
            };
            say(
                "bootstrap, average of one model",
                n,
                &about,
                share(effort.bootstraps, one),
            );
        }
    }
    // A known gap, recorded and not asserted: where few pairs differ, a bootstrap knows too little.
    for [lost, gained] in [[0.02, 0.0], [0.03, 0.02]] {
        let chances = [0.8, lost, gained, 0.2 - lost - gained];
        let about = format!("{lost:.2}, {gained:.2}");
        let sample = |rng: &mut fastrand::Rng| {
            [(0.5, draw(rng, 60, chances)), (0.5, draw(rng, 60, chances))]
        };
        say(
            "few differ: bootstrap, section, paired",
            120,
            &about,
            share(effort.bootstraps, |rng| {
                holds(bootstrap::paired(&sample(rng), LEVEL), gained - lost)
            }),
        );
        say(
            "few differ: Newcombe, paired",
            120,
            &about,
            share(effort.intervals, |rng| {
                holds(draw(rng, 120, chances).interval(LEVEL), gained - lost)
            }),
        );
    }
    for (what, covers) in all
        .into_iter()
        .filter(|(what, _)| !what.starts_with("few differ"))
    {
        let samples = if what.starts_with("bootstrap") {
            effort.bootstraps
        } else {
            effort.intervals
        };
        let slack = effort.slack(0.05, samples);
        assert!(
            (0.94 - slack..=0.96 + slack).contains(&covers)
                || what.ends_with("unpaired") && covers > 0.94 - slack,
            "{what}: {covers}"
        );
    }
}

/// Where the truth is what a rule allows, at its limit, it fails in no more than 5 % of all
/// samples.
#[expect(clippy::print_stdout, reason = "the table is the result")]
fn gates_raise_false_alarms(effort: Effort) {
    println!("| rule | truth | fails | inconclusive |\n|:--|:--|--:|--:|");
    let benchmark = Benchmark::reward_bench();
    let mut all = Vec::new();
    for (changing, skew, rules) in [
        // No difference anywhere.
        (
            0.15,
            0.0,
            [
                "significant-drop:subset:*:0.05",
                "significant-drop:average:0.05",
                "drop:subset:*:0",
            ],
        ),
        (
            0.03,
            0.0,
            [
                "significant-drop:subset:*:0.05",
                "drop:average:0",
                "drop:section:*:0",
            ],
        ),
        // Every subset, every section and the average drop by exactly 0.02.
        (
            0.10,
            0.2,
            [
                "drop:average:0.02",
                "drop:subset:*:0.02",
                "drop:section:*:0.02",
            ],
        ),
        (
            0.02,
            1.0,
            ["drop:average:0.02", "drop:subset:*:0.02", "drop:total:0.02"],
        ),
    ] {
        let chances = benchmark_chances(changing, skew);
        let rules = rules.map(|rule| rule.parse::<Rule>().unwrap());
        let statuses: Vec<[Status; 3]> = (0..effort.gates)
            .into_par_iter()
            .map(|i| {
                let found = sampled(
                    &mut fastrand::Rng::with_seed(42_000_000 + i as u64),
                    &chances,
                    &benchmark,
                );
                rules
                    .each_ref()
                    .map(|rule| rule.evaluate(&found).unwrap().status)
            })
            .collect();
        for (at, rule) in rules.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
            let rate = |status: Status| {
                statuses.iter().filter(|s| s[at] == status).count() as f64 / effort.gates as f64
            };
            println!(
                "| `{rule}` | lost {:.3}, gained {:.3} everywhere | {:.2} % | {:.2} % |",
                chances[0].2[1],
                chances[0].2[2],
                rate(Status::Fail) * 100.0,
                rate(Status::Inconclusive) * 100.0
            );
            all.push((rule.to_string(), rate(Status::Fail)));
        }
    }
    for (rule, rate) in all {
        assert!(
            rate <= 0.05 + effort.slack(0.05, effort.gates),
            "{rule}: {rate}"
        );
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
fn intervals_cover_the_truth_in_short() {
    intervals_cover(SHORT);
}

#[test]
#[ignore = "simulates for minutes; \
            its result is recorded in benchmarks/2026-11-24-coverage.md"]
fn intervals_cover_the_truth() {
    intervals_cover(WHOLE);
}

#[test]
fn gates_raise_few_false_alarms_in_short() {
    gates_raise_false_alarms(SHORT);
}

#[test]
#[ignore = "simulates for minutes; \
            its result is recorded in benchmarks/2026-11-24-coverage.md"]
fn gates_raise_few_false_alarms() {
    gates_raise_false_alarms(WHOLE);
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
