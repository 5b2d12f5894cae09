//! Tests of comparisons, and samples for the tests of other rooms.

use std::collections::BTreeMap;

use crate::benchmark::Benchmark;
use crate::comparison::figure::ALL;
use crate::comparison::published::Counted;
use crate::comparison::{AVERAGE, Comparison, Difference, MatchedBy, Matching};
use crate::data::Id;
use crate::metrics::Tally;
use crate::scoring::{BothOrders, Outcome, ScoredItem};
use crate::stats::near;

/// A pair with this margin.
pub(crate) fn verdict(row: usize, subset: &str, id: Option<Id>, margin: f32) -> ScoredItem {
    let both = BothOrders {
        logit_ab: margin,
        tokens_ab: 1,
        tokens_ba: 1,
        ..BothOrders::default()
    };
    ScoredItem {
        row,
        subset: subset.to_owned(),
        id,
        outcome: Outcome::Pairwise(both),
        is_tie: false,
        precision: None,
    }
}

/// Verdicts by subset, as a string of `+` correct, `-` wrong, `0` tie.
pub(crate) fn verdicts(subsets: &[(&str, &str)]) -> Vec<ScoredItem> {
    let cells = subsets
        .iter()
        .flat_map(|(subset, marks)| marks.chars().map(move |mark| (*subset, mark)));
    let margin = |mark| match mark {
        '+' => 1.0,
        '-' => -1.0,
        _ => 0.0,
    };
    cells
        .enumerate()
        .map(|(row, (subset, mark))| verdict(row, subset, None, margin(mark)))
        .collect()
}

pub(crate) fn paired(baseline: &[(&str, &str)], candidate: &[(&str, &str)]) -> Comparison {
    Comparison::paired(
        &verdicts(baseline),
        &verdicts(candidate),
        true,
        Some(&Benchmark::reward_bench()),
    )
    .unwrap()
}

#[test]
fn lines_count_what_was_gained_and_lost() {
    let found = paired(
        &[("hep-go", "++++-"), ("hep-js", "+--0")],
        &[("hep-go", "+---+"), ("hep-js", "+-+-")],
    );
    let line =
        |lines: &[Difference], name: &str| lines.iter().find(|l| l.name == name).unwrap().clone();
    let go = line(&found.subsets, "hep-go").pairs.unwrap();
    assert_eq!((go.gained, go.lost), (1, 3));
    // scipy 1.17.1: binomtest(1, 4).pvalue is 0.625; the other subset has one pair, p = 1.
    near(go.p, 0.625, 1e-6);
    near(go.holm.unwrap(), 1.0, 1e-12);
    near(line(&found.subsets, "hep-go").value, -0.4, 1e-12);
    // (−0.4 + 0.25) / 2; sections weigh by rows; 2 gained and 3 lost of 9.
    near(line(&found.totals, AVERAGE).value, -0.075, 1e-12);
    near(line(&found.sections, "Reasoning").value, -0.075, 1e-12);
    near(line(&found.totals, ALL).value, -1.0 / 9.0, 1e-12);
    assert!(found.totals.iter().all(|l| l.name != "RewardBench score"));
    // Every change is listed, also from a tie to wrong.
    assert_eq!(found.changes.len(), 6);
    assert_eq!(found.changes.iter().filter(|c| c.is_lost()).count(), 3);
    assert_eq!(
        found.changes.last().map(|c| c.row),
        Some(8),
        "the smallest change of the margin is last: {:?}",
        found.changes
    );
    assert_eq!(
        found.matching,
        Matching::Paired {
            by: MatchedBy::Row,
            pairs: 9,
            only: [0, 0]
        }
    );
    assert_eq!(
        found.notes,
        ["baseline: 1 tie, 0 invalid (counted as not correct)"]
    );
}

#[test]
fn sections_and_averages_have_the_weights_of_the_benchmark() {
    let found = paired(
        &[("math-prm", "++++"), ("hep-go", "++++")],
        &[("math-prm", "----"), ("hep-go", "++++")],
    );
    near(found.sections[0].value, -984.0 / 1148.0, 1e-12);
    near(found.totals[0].value, -0.5, 1e-12);
    assert!(!found.totals[0].is_unchanged() && found.subsets.iter().any(Difference::is_unchanged));
}

fn counted(tallies: BTreeMap<String, Tally>) -> Counted {
    Counted {
        tallies,
        printed: None,
    }
}

#[test]
fn without_pairs_there_are_differences_and_no_tests() {
    let tallies = |correct| {
        BTreeMap::from([(
            "hep-go".to_owned(),
            Tally {
                correct,
                wrong: 164 - correct,
                ..Tally::default()
            },
        )])
    };
    let mut more = tallies(90);
    more.insert("other".to_owned(), Tally::default());
    let found = Comparison::unpaired(
        [tallies(100), more].map(counted),
        None,
        Some(&Benchmark::reward_bench()),
    )
    .unwrap();
    near(found.subsets[0].value, -10.0 / 164.0, 1e-12);
    // By square-and-add in Python from scipy 1.17.1, binomtest(…).proportion_ci(method="exact").
    near(found.subsets[0].interval.low, -0.170_333_577, 1e-6);
    near(found.subsets[0].interval.high, 0.049_932_111, 1e-6);
    assert!(
        found
            .totals
            .iter()
            .chain(&found.subsets)
            .all(|line| line.pairs.is_none() && !line.is_unchanged())
    );
    assert!(
        found
            .notes
            .iter()
            .any(|note| note.contains("only in the candidate, left out: other")),
        "{:?}",
        found.notes
    );
    assert!(
        Comparison::unpaired(
            [tallies(1), BTreeMap::new()].map(counted),
            None,
            Some(&Benchmark::reward_bench())
        )
        .is_err()
    );
}
