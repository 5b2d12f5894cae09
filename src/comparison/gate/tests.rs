//! Tests of rules on comparisons.

use crate::comparison::Comparison;
use crate::comparison::gate::finding::LOOK_AT;
use crate::comparison::gate::{Rule, Status};
use crate::comparison::tests::paired;

fn status(rule: &str, comparison: &Comparison) -> Status {
    rule.parse::<Rule>()
        .unwrap()
        .evaluate(comparison)
        .unwrap()
        .status
}

const EVERY: [&str; 12] = [
    "drop:average:0.05",
    "drop:total:0.05",
    "drop:section:*:0.05",
    "drop:section:Reasoning:0.05",
    "drop:subset:*:0.15",
    "drop:subset:hep-js:0.1",
    "significant-drop:average:0.05",
    "significant-drop:subset:*:0.05",
    "significant-drop:section:*:0.05",
    "min:average:0.5",
    "max-invalid:0",
    "max-ties:0",
];

#[test]
fn equal_verdicts_pass_everything() {
    let marks = [("hep-go", "+++-".repeat(10)), ("hep-js", "+-".repeat(20))];
    let marks: Vec<(&str, &str)> = marks
        .iter()
        .map(|(subset, marks)| (*subset, marks.as_str()))
        .collect();
    for rule in EVERY {
        assert_eq!(
            status(rule, &paired(&marks, &marks)),
            Status::Pass,
            "{rule}"
        );
    }
    // 1 − 0.025^(1/80) = 0.045, 1 − 0.025^(1/40) = 0.088, and 1 − 0.0125^(1/40) = 0.104 with two
    // subsets.
    for rule in [
        "drop:average:0",
        "drop:total:0.04",
        "drop:subset:hep-js:0.08",
        "drop:subset:*:0.1",
    ] {
        let found = status(rule, &paired(&marks, &marks));
        assert_eq!(found, Status::Inconclusive, "{rule}");
    }
}

/// hep-js falls from 40 of 40 to 10 of 40, hep-go stays.
#[test]
fn a_subset_that_falls_is_named_with_its_pairs() {
    let (all, few, go) = ("+".repeat(40), "+---".repeat(10), "+++-".repeat(10));
    let found = paired(
        &[("hep-go", &go), ("hep-js", &all)],
        &[("hep-go", &go), ("hep-js", &few)],
    );
    for (rule, expected) in [
        ("drop:average:0.1", Status::Fail),
        // The interval of the average, about −0.375 ± 0.07, lies on both sides of −0.4.
        ("drop:average:0.4", Status::Inconclusive),
        ("drop:average:0.6", Status::Pass),
        ("drop:subset:*:0.1", Status::Fail),
        ("drop:subset:hep-go:0.1", Status::Pass),
        ("drop:section:*:0.1", Status::Fail),
        ("significant-drop:average:0.05", Status::Fail),
        ("significant-drop:subset:hep-go:0.05", Status::Pass),
        ("min:subset:*:0.26", Status::Fail),
        ("min:subset:*:0.25", Status::Pass),
        ("max-position-bias:0.4", Status::Fail),
    ] {
        assert_eq!(status(rule, &found), expected, "{rule}");
    }
    let outcome = "significant-drop:subset:*:0.05"
        .parse::<Rule>()
        .unwrap()
        .evaluate(&found)
        .unwrap();
    assert_eq!(outcome.status, Status::Fail);
    // 2 · 2⁻³⁰ for 30 lost pairs, doubled by Holm for two subsets.
    assert_eq!(
        outcome.reason,
        "hep-js -0.7500, 30 lost, 0 gained, p 3.73e-9 (Holm)"
    );
    assert_eq!(
        outcome.look_at[0],
        "hep-js row 41: correct +1.00 → wrong -1.00"
    );
    assert_eq!(outcome.look_at.len(), LOOK_AT);
}

#[test]
fn a_rule_about_nothing_is_an_error() {
    let found = paired(&[("hep-go", "+-")], &[("hep-go", "+-")]);
    for rule in [
        "drop:subset:hep-goo:0.1",
        "min:rewardbench:0.1",
        "drop:section:Chat:0.1",
    ] {
        let error = rule.parse::<Rule>().unwrap().evaluate(&found).unwrap_err();
        assert!(
            error.kind as u8 == 2 && error.render().contains(rule),
            "{}",
            error.render()
        );
    }
}
