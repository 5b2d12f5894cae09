//! Tests of rules on comparisons.

use crate::benchmark::Benchmark;
use crate::comparison::Comparison;
use crate::comparison::gate::finding::LOOK_AT;
use crate::comparison::gate::{Rule, Status};
use crate::comparison::tests::paired;
use crate::stats::near;

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
        "hep-js -0.7500, 30 lost, 0 gained, p 3.73e-9 (Holm), limit 0.05"
    );
    assert_eq!(
        outcome.look_at[0],
        "hep-js row 41: correct +1.00 → wrong -1.00"
    );
    assert_eq!(outcome.look_at.len(), LOOK_AT);
}

/// Of three subsets of ten, whose shares add up to a little less than their mean.
#[test]
fn a_figure_that_is_exactly_its_limit_is_not_below_it() {
    let nine = "+++++++++-";
    let subsets = [("hep-go", nine), ("hep-js", nine), ("hep-cpp", nine)];
    let found = paired(&subsets, &subsets);
    for rule in ["min:average:0.9", "min:total:0.9", "min:subset:*:0.9"] {
        assert_eq!(status(rule, &found), Status::Pass, "{rule}");
    }
    assert_eq!(status("min:average:0.9001", &found), Status::Fail);
}

/// The candidate has all of hep-go and half of hep-js; the baseline has other subsets besides.
fn partial() -> Comparison {
    let all = "+".repeat(40);
    paired(
        &[
            ("hep-go", &all),
            ("hep-js", &all),
            ("math-prm", &all),
            ("xstest-should-refuse", "++"),
        ],
        &[("hep-go", &all), ("hep-js", &all[20..])],
    )
}

#[test]
fn no_rule_whose_scope_lacks_pairs_can_pass() {
    let found = partial();
    for rule in EVERY {
        assert_eq!(status(rule, &found), Status::Inconclusive, "{rule}");
    }
    // What is complete passes, also by a glob; a mean of whole subsets is whole.
    for rule in [
        "drop:subset:hep-g*:0.1",
        "significant-drop:subset:*-go:0.05",
        "min:subset:hep-go:1",
    ] {
        assert_eq!(status(rule, &found), Status::Pass, "{rule}");
    }
    // Of these nothing was compared at all.
    for rule in [
        "min:subset:math-*:0.5",
        "drop:section:Safety:0.1",
        "min:rewardbench:0.1",
    ] {
        let outcome = rule.parse::<Rule>().unwrap().evaluate(&found).unwrap();
        assert!(
            outcome.status == Status::Inconclusive
                && outcome.reason.contains("nothing of it was compared")
                && outcome.measured.is_none(),
            "{outcome:?}"
        );
    }
    let outcome = "drop:average:0.01"
        .parse::<Rule>()
        .unwrap()
        .evaluate(&found)
        .unwrap();
    assert_eq!(outcome.missing, 62);
    for said in [
        "its scope lacks 62 pairs (hep-js 20, math-prm 40, xstest-should-refuse 2); of what is",
        "there: average +0.0000, 95 % interval [",
        "; the 62 missing pairs must be scored to settle it",
    ] {
        assert!(outcome.reason.contains(said), "{said}: {}", outcome.reason);
    }
}

#[test]
fn what_is_there_can_fail() {
    let (all, few) = ("+".repeat(40), "+---".repeat(5));
    let found = paired(&[("hep-go", &all)], &[("hep-go", &few)]);
    for rule in [
        "drop:average:0.1",
        "drop:subset:*:0.1",
        "significant-drop:total:0.05",
        "min:average:0.5",
    ] {
        let outcome = rule.parse::<Rule>().unwrap().evaluate(&found).unwrap();
        assert!(
            outcome.status == Status::Fail
                && outcome
                    .reason
                    .starts_with("its scope lacks 20 pairs (hep-go 20)"),
            "{outcome:?}"
        );
    }
}

/// Pairs that a benchmark counts and neither side has are missing where that is asked for.
#[test]
fn a_baseline_that_is_itself_partial_makes_no_gate_whole() {
    let marks = [("hep-go", "+".repeat(164)), ("hep-js", "+".repeat(10))];
    let marks: Vec<(&str, &str)> = marks.iter().map(|(name, m)| (*name, m.as_str())).collect();
    let mut found = paired(&marks, &marks);
    assert_eq!(status("drop:average:0.5", &found), Status::Pass);
    found.expect_all_of(Some(&Benchmark::reward_bench()));
    for (rule, expected) in [
        ("drop:subset:hep-go:0.1", Status::Pass),
        ("min:subset:hep-go:0.5", Status::Pass),
        ("drop:subset:hep-*:0.5", Status::Inconclusive),
        ("min:average:0.1", Status::Inconclusive),
        ("max-invalid:0", Status::Inconclusive),
        ("min:rewardbench:0.1", Status::Inconclusive),
        ("min:average:1", Status::Inconclusive),
        ("max-position-bias:0.1", Status::Fail),
    ] {
        assert_eq!(status(rule, &found), expected, "{rule}");
    }
}

#[test]
fn each_rule_says_what_it_measured_beside_its_limit() {
    let (all, few) = ("+".repeat(40), format!("{}---", "+".repeat(37)));
    let found = paired(
        &[("hep-go", &all), ("hep-js", &all)],
        &[("hep-go", &all), ("hep-js", &few)],
    );
    for (rule, figure, value, limit, pairs) in [
        ("drop:subset:*:0.4", "hep-js", -0.075, -0.4, 40),
        ("drop:total:0.4", "all pairs", -0.0375, -0.4, 80),
        // Three of three lost: 2 · 2⁻³, doubled for two subsets.
        ("significant-drop:subset:*:0.05", "hep-js", 0.5, 0.05, 40),
        ("min:subset:*:0.5", "hep-js", 0.925, 0.5, 40),
        ("max-ties:7", "ties", 0.0, 7.0, 80),
    ] {
        let outcome = rule.parse::<Rule>().unwrap().evaluate(&found).unwrap();
        let measured = outcome.measured.unwrap();
        assert_eq!(
            (
                outcome.status,
                measured.figure.as_str(),
                measured.limit,
                measured.pairs
            ),
            (Status::Pass, figure, limit, pairs),
            "{rule}"
        );
        // Tails of p-values keep six digits and more.
        near(measured.value, value, 1e-9);
        assert!(
            outcome.reason.contains(&format!("limit {limit}")) && outcome.settling.is_none(),
            "{}",
            outcome.reason
        );
    }
}

#[test]
fn an_inconclusive_rule_says_about_how_many_pairs_would_settle_it() {
    let (all, few) = ("+".repeat(40), format!("{}--", "+".repeat(38)));
    let found = paired(&[("hep-go", &all)], &[("hep-go", &few)]);
    let outcome = |rule: &str| rule.parse::<Rule>().unwrap().evaluate(&found).unwrap();
    for (rule, says) in [
        ("drop:average:0.06", "as a pass"),
        ("drop:average:0.04", "as a fail"),
        (
            "drop:average:0.05",
            "no number of pairs would settle it: what was measured is exactly",
        ),
    ] {
        let outcome = outcome(rule);
        assert!(
            outcome.status == Status::Inconclusive && outcome.reason.contains(says),
            "{outcome:?}"
        );
    }
    let pairs = |rule: &str| outcome(rule).settling.unwrap().pairs();
    // Nearer to the estimate takes more; a quarter of the distance sixteen times as many.
    let [far, near] = ["drop:average:0.09", "drop:average:0.06"].map(pairs);
    let ratio = near.unwrap() / far.unwrap();
    assert!((14.0..18.0).contains(&ratio), "{ratio}");
}

#[test]
fn a_rule_about_nothing_is_an_error() {
    let found = paired(&[("hep-go", "+-")], &[("hep-go", "+-")]);
    for rule in [
        "drop:subset:hep-goo:0.1",
        "drop:subset:chat*:0.1",
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
