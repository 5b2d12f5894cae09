//! Section scores and averages against those of the reference: `aggregation.json`, which
//! `calculate_scores_per_section` of rewardbench 0.1.4 made of the model card's accuracies.

mod common;

use std::collections::BTreeMap;

use common::{json, verdict};
use pairbench::benchmark::Benchmark;
use pairbench::benchmark::published::Published;
use pairbench::comparison::Comparison;
use pairbench::comparison::gate::{Rule, Status};
use pairbench::metrics::{Scores, Tally};
use pairbench::scoring::ScoredItem;
use serde_json::{Map, Value};

/// Figures made of the same accuracies in another order of summation.
const SAME: f64 = 1e-12;
/// Accuracies are printed with three decimals.
const PRINTED: f64 = 5e-4;

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

fn whole(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn near(found: f64, expected: &Value, tolerance: f64, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: {found} {expected}"
    );
}

/// Tallies with these accuracies of three decimals.
fn of_accuracies(subsets: &Value) -> BTreeMap<String, Tally> {
    let tally = |accuracy: &Value| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of 1000"
        )]
        let correct = (accuracy.as_f64().unwrap() * 1000.0).round() as usize;
        Tally {
            correct,
            wrong: 1000 - correct,
            ..Tally::default()
        }
    };
    object(subsets)
        .iter()
        .map(|(name, accuracy)| (name.clone(), tally(accuracy)))
        .collect()
}

/// Verdicts with these counts of correct ones.
fn verdicts(correct: &Value, n: &Value) -> Vec<ScoredItem> {
    let mut verdicts = Vec::new();
    for (subset, n) in object(n) {
        let correct = whole(&correct[subset]);
        for i in 0..whole(n) {
            verdicts.push(verdict(verdicts.len(), subset, i < correct));
        }
    }
    verdicts
}

#[test]
fn subsets_sections_and_weights_are_those_of_the_reference() {
    let (golden, benchmark) = (json("aggregation.json"), Benchmark::reward_bench());
    let counts = object(&golden["true_counts"]);
    assert_eq!(counts.len(), benchmark.subsets.len());
    for (name, n) in &benchmark.subsets {
        assert_eq!(*n, whole(&counts[name]), "{name}");
        assert_eq!(
            benchmark.weight(name),
            whole(&golden["example_counts"][name]),
            "{name}"
        );
    }
    let sections: BTreeMap<&str, Value> = benchmark
        .sections
        .iter()
        .map(|section| (section.name.as_str(), section.subsets.clone().into()))
        .collect();
    assert_eq!(serde_json::to_value(sections).unwrap(), golden["sections"]);
}

#[test]
fn sections_and_averages_are_those_of_the_reference() {
    let (golden, benchmark) = (json("aggregation.json"), Benchmark::reward_bench());
    assert_eq!(object(&golden["models"]).len(), 2);
    for (model, expected) in object(&golden["models"]) {
        let scores = Scores::new(&of_accuracies(&expected["subsets"]), Some(&benchmark));
        assert_eq!(scores.sections.len(), object(&expected["sections"]).len());
        for (section, found) in &scores.sections {
            near(
                found.accuracy,
                &expected["sections"][section],
                SAME,
                section,
            );
        }
        near(
            scores.average.accuracy,
            &expected["card_average"],
            SAME,
            model,
        );
        let (_, headline) = scores.headline.unwrap();
        near(
            headline.accuracy,
            &expected["four_section_average"],
            SAME,
            model,
        );
    }
}

/// A section without a subset is 0 in the reference, and left out here.
#[test]
fn a_part_of_the_benchmark_has_the_sections_of_the_reference() {
    let golden = &json("aggregation.json")["partial_example"];
    let scores = Scores::new(
        &of_accuracies(&golden["subsets"]),
        Some(&Benchmark::reward_bench()),
    );
    let found: BTreeMap<&str, f64> = scores
        .sections
        .iter()
        .map(|(name, estimate)| (name.as_str(), estimate.accuracy))
        .collect();
    for (name, expected) in object(&golden["sections"]) {
        match found.get(name.as_str()) {
            Some(found) => near(*found, expected, SAME, name),
            None => assert_eq!(*expected, 0, "{name}"),
        }
    }
    assert_eq!(found.len(), 2);
    assert!(scores.headline.is_none());
}

#[test]
fn published_accuracies_are_the_counts_of_the_reference() {
    let (golden, benchmark) = (json("aggregation.json"), Benchmark::reward_bench());
    let card = Published::find("model-card").unwrap();
    for (model, expected) in object(&golden["models"]) {
        let counts = card.model(model).unwrap().counts(&benchmark);
        assert_eq!(counts.len(), 23);
        for (subset, [correct, n]) in counts {
            assert_eq!(
                correct,
                whole(&expected["correct_counts"][&subset]),
                "{subset}"
            );
            assert_eq!(n, whole(&golden["true_counts"][&subset]), "{subset}");
        }
    }
}

/// A gate that asks for a little less than the reference's figure passes, and one that asks for a
/// little more fails.
#[test]
fn a_gate_judges_the_figures_of_the_reference() {
    let (golden, benchmark) = (json("aggregation.json"), Benchmark::reward_bench());
    for (model, expected) in object(&golden["models"]) {
        let verdicts = verdicts(&expected["correct_counts"], &golden["true_counts"]);
        let compared = Comparison::paired(&verdicts, &verdicts, true, Some(&benchmark)).unwrap();
        let mut figures = vec![
            ("average".to_owned(), &expected["card_average"]),
            ("rewardbench".to_owned(), &expected["four_section_average"]),
            ("total".to_owned(), &expected["row_average"]),
        ];
        let sections = object(&expected["sections"]).iter();
        figures.extend(sections.map(|(name, figure)| (format!("section:{name}"), figure)));
        assert_eq!(figures.len(), 7);
        for (scope, figure) in figures {
            let figure = figure.as_f64().unwrap();
            for (limit, status) in [
                (figure - PRINTED, Status::Pass),
                (figure + PRINTED, Status::Fail),
            ] {
                let rule: Rule = format!("min:{scope}:{limit}").parse().unwrap();
                let found = rule.evaluate(&compared).unwrap();
                assert_eq!(found.status, status, "{model} {rule}: {}", found.reason);
            }
        }
    }
}
