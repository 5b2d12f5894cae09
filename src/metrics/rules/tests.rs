//! The rules against what each benchmark's own code makes of the same scores, to 1e-12.
//! `tests/data/benchmarks/README.md` says what was run.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Gaps, Terms, best_of_n, ties_score, won};
use crate::benchmark::{Aspect, Benchmark, Comparisons, Metric};
use crate::data::Id;
use crate::data::metric_shape::ties_id;
use crate::metrics::credit::credit;
use crate::metrics::credit::tests::scored;
use crate::metrics::{Figures, Mixture};
use crate::scoring::{BothOrders, ComparedAnswers, Outcome};
use crate::stats::count;

fn cases(group: &str) -> Vec<Value> {
    let text = include_str!("../../../tests/data/benchmarks/golden.json");
    let all: Value = serde_json::from_str(text).unwrap();
    all[group]["cases"].as_array().unwrap().clone()
}

fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap(),
        Value::Array(only) => number(&only[0]),
        other => other.as_f64().unwrap(),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn rows(case: &Value) -> &[Value] {
    case["input"]["rows"].as_array().unwrap()
}

fn near(found: f64, expected: f64, case: &Value) {
    assert!(
        (found - expected).abs() <= 1e-12,
        "{}: {found} {expected}",
        case["name"]
    );
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len())
}

#[test]
fn best_of_n_is_rewardbench_2s() {
    let cases = cases("rb2-bon");
    assert_eq!(cases.len(), 14);
    for case in &cases {
        let mut by_subset: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let expected = numbers(&case["output"]["results"]);
        for (row, expected) in rows(case).iter().zip(expected) {
            let found = best_of_n(&numbers(&row["scores"]));
            near(found, expected, case);
            by_subset
                .entry(row["subset"].as_str().unwrap())
                .or_default()
                .push(found);
        }
        for (subset, found) in by_subset {
            near(
                mean(&found),
                number(&case["output"]["subset_scores"][subset]),
                case,
            );
        }
    }
}

/// What version 0.1.5 fails on is refused when items are read, and so are ids that occur twice.
#[test]
fn the_ties_score_is_that_of_version_0_1_5() {
    let mut compared = 0;
    for case in &cases("rb2-ties") {
        let expected = &case["output"]["overall_0.1.5"];
        let mut found: BTreeMap<i64, [Option<Gaps>; 2]> = BTreeMap::new();
        let mut is_refused = false;
        for row in rows(case) {
            let id = Id::Text(row["id"].as_str().unwrap().to_owned());
            let chosen = usize::try_from(row["num_correct"].as_u64().unwrap()).unwrap();
            let scores = numbers(&row["scores"]);
            let Some((is_tied, n)) = ties_id(Some(&id)) else {
                is_refused = true;
                continue;
            };
            let place = &mut found.entry(n).or_default()[usize::from(is_tied)];
            is_refused |= place.is_some() || chosen == scores.len() || is_tied && chosen < 2;
            *place = Some(Gaps::of(&scores, chosen));
        }
        assert!(is_refused || !expected.is_object(), "{}", case["name"]);
        if is_refused {
            continue;
        }
        let found: Vec<[Option<Gaps>; 2]> = found.into_values().collect();
        // Where no number has both rows, the later version has NaN.
        let earlier = &case["output"]["overall_0.1.4"];
        let expected = if expected == "NaN" { earlier } else { expected };
        near(ties_score(&found), number(expected), case);
        let both: Option<Vec<f64>> = found
            .iter()
            .map(|rows| Some(Terms::of(rows[0]?, rows[1]?).value()))
            .collect();
        if let Some(values) = both {
            near(mean(&values), ties_score(&found), case);
            assert!(
                values.iter().all(|own| (-0.01..=1.01).contains(own)),
                "{values:?}"
            );
        }
        compared += 1;
    }
    assert_eq!(compared, 20);
}

/// More scores, by rewardbench 0.1.4.
#[test]
fn more_scores_of_rewardbench_2_agree() {
    let text = include_str!("../../../tests/data/benchmarks/rewardbench2.json");
    let all: Value = serde_json::from_str(text).unwrap();
    let best_of_n_cases = all["best_of_n"].as_array().unwrap();
    for case in best_of_n_cases {
        near(
            best_of_n(&numbers(&case["scores"])),
            number(&case["result"]),
            case,
        );
    }
    let ties_cases = all["ties"].as_array().unwrap();
    for case in ties_cases {
        let mut found: BTreeMap<i64, [Option<Gaps>; 2]> = BTreeMap::new();
        for row in case["rows"].as_array().unwrap() {
            let id = Id::Text(row["id"].as_str().unwrap().to_owned());
            let (is_tied, n) = ties_id(Some(&id)).unwrap();
            let chosen = usize::try_from(row["num_correct"].as_u64().unwrap()).unwrap();
            let gaps = Gaps::of(&numbers(&row["scores"]), chosen);
            found.entry(n).or_default()[usize::from(is_tied)] = Some(gaps);
        }
        let found: Vec<[Option<Gaps>; 2]> = found.into_values().collect();
        near(ties_score(&found), number(&case["overall_score"]), case);
    }
    assert_eq!((best_of_n_cases.len(), ties_cases.len()), (7, 4));
}

/// The domains are those of the built-in definition: its sections, headline figure and aspects.
#[test]
fn styles_are_rm_benchs() {
    let aspects = [
        (Aspect::Easy, "easy_acc"),
        (Aspect::Normal, "normal_acc"),
        (Aspect::Hard, "hard_acc"),
    ];
    let benchmark = Benchmark::find("rm-bench").unwrap();
    let mut compared = 0;
    for case in &cases("rmbench") {
        let expected = &case["output"];
        let is_suitable = rows(case)
            .iter()
            .all(|row| numbers(&row["score_chosen"]).len() == 3);
        if expected.get("error").is_some() || !is_suitable {
            continue;
        }
        let of_row = |row: &Value, aspect: Aspect| {
            let [chosen, rejected] =
                ["score_chosen", "score_rejected"].map(|side| numbers(&row[side]));
            won(aspect, |i, j| chosen[i] > rejected[j])
        };
        let of_rows = |subset: Option<&str>, aspect: Aspect| {
            let rows = rows(case).iter();
            let rows = rows.filter(|row| subset.is_none_or(|own| row["domain"] == own));
            rows.map(|row| of_row(row, aspect)).collect::<Vec<f64>>()
        };
        compared += 1;
        if expected.get("total_avg_acc").is_none() {
            for (aspect, name) in aspects {
                near(mean(&of_rows(None, aspect)), number(&expected[name]), case);
            }
            continue;
        }
        let sizes: Vec<(String, usize)> = benchmark
            .subsets
            .keys()
            .map(|subset| (subset.clone(), of_rows(Some(subset), Aspect::Whole).len()))
            .filter(|(_, n)| *n > 0)
            .collect();
        let figures = Figures::of(&sizes, Some(&benchmark));
        let value = |mixture: &Mixture, aspect: Aspect| -> f64 {
            let subsets = mixture.0.iter();
            subsets
                .map(|(subset, w)| w * mean(&of_rows(Some(subset), aspect)))
                .sum()
        };
        for (name, mixture) in &figures.sections {
            let expected = &expected[name.to_lowercase()];
            near(value(mixture, Aspect::Whole), number(expected), case);
        }
        let (_, headline) = figures.headline.as_ref().unwrap();
        near(
            value(headline, Aspect::Whole),
            number(&expected["total_avg_acc"]),
            case,
        );
        for (aspect, name) in aspects {
            let (_, mixture) = figures
                .aspects
                .iter()
                .find(|(own, _)| *own == aspect)
                .unwrap();
            near(value(mixture, aspect), number(&expected[name]), case);
        }
    }
    assert_eq!(compared, 7);
}

/// A decision for the label is a logit above 0 of the order that prefers the chosen answer; none is
/// a logit of 0. The mode with one order is not offered.
#[test]
fn both_orders_are_judgebenchs_votes() {
    let mut compared = 0;
    for case in &cases("judgebench") {
        if case["input"]["both_orders"] == false || case["output"].get("error").is_some() {
            continue;
        }
        let right = |row: &Value| {
            let is_a = row["label"] == "A>B";
            let vote = |at: usize| {
                let decision = row["judgments"][at]["decision"].as_str();
                let is_left = decision == Some("A>B");
                match decision {
                    Some("A>B" | "B>A") if (is_left == is_a) == (at == 0) => 1.0,
                    Some("A>B" | "B>A") => -1.0,
                    _ => 0.0,
                }
            };
            let outcome = Outcome::Pairwise(BothOrders {
                logit_ab: vote(0),
                logit_ba: -vote(1),
                ..BothOrders::default()
            });
            credit(Metric::BothOrders, Aspect::Whole, &scored(outcome, false))
        };
        for (prefix, expected) in case["output"].as_object().unwrap() {
            let rows = rows(case).iter().filter(|row| {
                prefix == "Overall" || row["source"].as_str().unwrap().starts_with(prefix)
            });
            let found: Vec<f64> = rows.map(right).collect();
            near(mean(&found), number(expected) / 100.0, case);
        }
        compared += 1;
    }
    assert_eq!(compared, 9);
}

fn weighted(mixture: &Mixture, of: &Value) -> f64 {
    let subsets = mixture.0.iter();
    subsets.map(|(subset, w)| w * number(&of[subset])).sum()
}

fn figures_of(subsets: &Value, benchmark: &Benchmark) -> Figures {
    let subsets = subsets.as_object().unwrap().keys();
    let known = subsets.filter(|subset| benchmark.subsets.contains_key(*subset));
    let sizes: Vec<(String, usize)> = known.map(|subset| (subset.clone(), 1)).collect();
    Figures::of(&sizes, Some(benchmark))
}

#[test]
fn sections_and_the_leaderboards_score_are_rewardbenchs() {
    let own = Benchmark::reward_bench();
    for case in &cases("rb1-sections") {
        let subsets = &case["input"]["subsets"];
        let figures = figures_of(subsets, &own);
        for (name, expected) in case["output"].as_object().unwrap() {
            // A section without subsets is 0 there, and is not shown here.
            match figures.sections.iter().find(|(known, _)| known == name) {
                Some((_, mixture)) => near(weighted(mixture, subsets), number(expected), case),
                None => near(0.0, number(expected), case),
            }
        }
    }
    let leaderboard = Benchmark::find("reward-bench-leaderboard").unwrap();
    let mut with_prior = 0;
    for case in &cases("rb1-leaderboard") {
        for (model, expected) in case["output"].as_object().unwrap() {
            let mut subsets = case["input"]["models"][model].clone();
            let prior = case["input"]["prefs"][model].as_object();
            let has_prior = prior.is_some_and(|prior| !prior.is_empty());
            for (name, value) in prior.into_iter().flatten() {
                subsets[name] = value.clone();
            }
            let benchmark = if has_prior { &leaderboard } else { &own };
            let figures = figures_of(&subsets, benchmark);
            let (_, headline) = figures.headline.as_ref().unwrap();
            near(
                weighted(headline, &subsets),
                number(&expected["average"]),
                case,
            );
            if let Some((_, mixture)) = figures.sections.iter().find(|(n, _)| n == "Prior Sets") {
                let expected = &expected["Prior Sets (0.5 weight)"];
                near(weighted(mixture, &subsets), number(expected), case);
                with_prior += 1;
            }
        }
    }
    assert_eq!(with_prior, 2);
}

#[test]
fn scores_of_a_full_matrix_are_llm_blenders() {
    let cases = cases("full-matrix");
    assert_eq!(cases.len(), 5);
    for case in &cases {
        let rows: Vec<Vec<f64>> = case["input"]["L"]
            .as_array()
            .unwrap()
            .iter()
            .map(numbers)
            .collect();
        let n = rows.len();
        #[expect(clippy::cast_possible_truncation, reason = "the cases are f32")]
        let logit = |i: usize, j: usize| (i != j).then(|| rows[i][j] as f32);
        let logits = (0..n * n).map(|at| logit(at / n, at % n)).collect();
        let found = ComparedAnswers::checked(1, Comparisons::Full, logits, 0, [0; 3]).unwrap();
        let scores = Outcome::Compared(found).scores().unwrap();
        for (found, expected) in scores.iter().zip(numbers(&case["output"]["scores"])) {
            near(f64::from(*found), expected, case);
        }
        let rank = |own: &f32| 1 + scores.iter().filter(|other| *other > own).count();
        let ranks: Vec<f64> = scores.iter().map(|own| count(rank(own))).collect();
        assert_eq!(ranks, numbers(&case["output"]["ranks"]), "{}", case["name"]);
    }
}
