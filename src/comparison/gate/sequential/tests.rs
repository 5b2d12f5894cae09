//! Tests of the sequential gate.

use crate::benchmark::Benchmark;
use crate::comparison::gate::sequential::{GateOutcome, SEED, SequentialGate};
use crate::comparison::gate::{Rule, Status};
use crate::comparison::tests::{verdict, verdicts};
use crate::data::{Answers, Item};
use crate::scoring::{ComparedAnswers, Outcome, ScoredItem};

const CHUNK: usize = 16;

/// Pairs with the keys of these verdicts.
pub(crate) fn pairs(verdicts: &[ScoredItem]) -> Vec<Item> {
    let pair = |v: &ScoredItem| Item {
        row: v.row,
        subset: v.subset.clone(),
        id: v.id.clone(),
        prompt: Vec::new(),
        chosen: String::new().into(),
        rejected: String::new().into(),
        is_tie: false,
        comparisons: crate::data::Comparisons::default(),
    };
    verdicts.iter().map(pair).collect()
}

/// Scores pairs whose verdicts are known; returns the outcome and the number of scored pairs.
fn run_gate(
    rules: &[&str],
    baseline: &[(&str, &str)],
    candidate: &[(&str, &str)],
    seed: u64,
) -> (GateOutcome, usize) {
    let (before, after, benchmark) = (
        verdicts(baseline),
        verdicts(candidate),
        Benchmark::reward_bench(),
    );
    let rules: Vec<Rule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    let (mut gate, order) =
        SequentialGate::new(&rules, &before, true, pairs(&after), Some(&benchmark), seed).unwrap();
    let mut seen: Vec<ScoredItem> = Vec::new();
    for chunk in order.chunks(CHUNK) {
        let chunk: Vec<ScoredItem> = chunk.iter().map(|pair| after[pair.row].clone()).collect();
        seen.extend(chunk.iter().cloned());
        if gate.see(&chunk).is_break() {
            break;
        }
    }
    let scored = seen.len();
    (gate.finish(&seen, Some(&benchmark)).unwrap(), scored)
}

/// The number of scored pairs and of all, where scoring stopped early.
pub(crate) fn stopped(outcome: &GateOutcome) -> Option<[usize; 2]> {
    let stopped = outcome.stopped.as_ref()?;
    Some([stopped.order.len(), stopped.planned.values().sum()])
}

pub(crate) fn statuses(outcome: &GateOutcome) -> Vec<Status> {
    outcome.rules.iter().map(|rule| rule.status).collect()
}

#[test]
fn equal_verdicts_pass_as_soon_as_so_many_pairs_can_show_it() {
    let marks = [("hep-go", "+++-".repeat(50)), ("hep-js", "+-".repeat(100))];
    let marks: Vec<(&str, &str)> = marks
        .iter()
        .map(|(subset, marks)| (*subset, marks.as_str()))
        .collect();
    let (outcome, scored) = run_gate(&["drop:total:0.05"], &marks, &marks, 1);
    // ln(2 · 80) / (0.98 · 0.05) = 103.6 pairs, in whole rounds of 2 and chunks of 16.
    assert_eq!(
        (statuses(&outcome), scored, stopped(&outcome)),
        (vec![Status::Pass], 112, Some([112, 400]))
    );
    assert_eq!(
        outcome.summary,
        "settled after 112 of 400 pairs (error rate 5 % or less, at any time)"
    );
    assert!(
        outcome.rules[0]
            .reason
            .starts_with("all pairs +0.0000, 97.5 % confidence sequence [-0.0"),
        "{}",
        outcome.rules[0].reason
    );
    assert!(
        outcome.rules[0]
            .reason
            .ends_with("; settled after 112 pairs"),
        "{}",
        outcome.rules[0].reason
    );
    // Two lines share the error: ln(2 · 160) / (0.98 · 0.05) = 117.7 pairs of each.
    assert_eq!(run_gate(&["drop:subset:*:0.05"], &marks, &marks, 1).1, 240);
    // What no number of pairs can show waits for the last, and is not shown by that.
    let (outcome, scored) = run_gate(&["drop:total:0", "drop:average:0.05"], &marks, &marks, 1);
    assert_eq!(
        (statuses(&outcome), scored, stopped(&outcome)),
        (vec![Status::Inconclusive, Status::Pass], 400, None)
    );
    assert!(
        outcome
            .summary
            .starts_with("not settled early: every pair was scored (400)"),
        "{}",
        outcome.summary
    );
}

#[test]
fn the_first_rule_that_fails_settles_the_gate() {
    let (all, few) = ("+".repeat(200), "+---".repeat(50));
    let (outcome, scored) = run_gate(
        &["drop:average:0.05", "drop:subset:hep-go:0.1"],
        &[("hep-go", &all), ("hep-js", &all)],
        &[("hep-go", &all), ("hep-js", &few)],
        1,
    );
    assert_eq!(statuses(&outcome), [Status::Fail, Status::Inconclusive]);
    assert!(
        scored < 100
            && outcome.rules[1]
                .reason
                .starts_with("not settled yet: hep-go +0.0000, "),
        "{scored} {:?}",
        outcome.rules
    );
    assert!(
        outcome.rules[0]
            .look_at
            .iter()
            .all(|pair| pair.starts_with("hep-js row "))
            && !outcome.rules[0].look_at.is_empty(),
        "{:?}",
        outcome.rules
    );
    // Other orders come to the same outcome, after about as many pairs; the same order after the
    // same.
    let again = |seed| {
        run_gate(
            &["significant-drop:subset:*:0.05"],
            &[("hep-go", &all), ("hep-js", &all)],
            &[("hep-go", &all), ("hep-js", &few)],
            seed,
        )
    };
    assert_eq!(statuses(&again(3).0), [Status::Fail]);
    assert_eq!(again(3).1, again(3).1);
    assert!((0..20).map(|seed| again(seed).1).all(|scored| scored < 100));
    assert!(
        again(3).0.rules[0].reason.starts_with("hep-js -0."),
        "{:?}",
        again(3).0.rules
    );
}

/// As they come from a journal, or from batches by length.
#[test]
fn verdicts_count_in_their_order_however_they_come() {
    let (good, bad) = ("+".repeat(200), "+---".repeat(50));
    let (before, after) = (
        verdicts(&[("hep-go", &good)]),
        verdicts(&[("hep-go", &bad)]),
    );
    let rules = ["drop:total:0.1".parse().unwrap()];
    let new = || {
        SequentialGate::new(
            &rules,
            &before,
            true,
            pairs(&after),
            Some(&Benchmark::reward_bench()),
            SEED,
        )
        .unwrap()
    };
    let (_, scored) = run_gate(
        &["drop:total:0.1"],
        &[("hep-go", &good)],
        &[("hep-go", &bad)],
        SEED,
    );
    let (mut gate, order) = new();
    assert!(gate.see(&after).is_break() && gate.see(&after[..1]).is_break());
    let counted: Vec<usize> = order.iter().map(|pair| pair.row).take(scored).collect();
    assert!((0..200).all(|row| gate.counted(row) == counted.contains(&row)));
    // The first pair comes last.
    let (mut gate, order) = new();
    let rest: Vec<ScoredItem> = order[1..]
        .iter()
        .map(|pair| after[pair.row].clone())
        .collect();
    assert!(gate.see(&rest).is_continue() && gate.status() == Status::Inconclusive);
    assert!(gate.see(&after[order[0].row..=order[0].row]).is_break());
    assert_eq!(
        order.iter().filter(|pair| gate.counted(pair.row)).count(),
        scored
    );
}

#[test]
fn bounds_are_settled_when_the_rest_cannot_change_them() {
    let (good, bad) = ("+".repeat(100), "-".repeat(100));
    let run = |rules: &[&str], candidate: &str| {
        let (outcome, scored) = run_gate(rules, &[("hep-go", &good)], &[("hep-go", candidate)], 1);
        (statuses(&outcome)[0], scored)
    };
    assert_eq!(run(&["min:total:0.65"], &good), (Status::Pass, 80));
    assert_eq!(run(&["min:total:0.65"], &bad), (Status::Fail, 48));
    // Exactly at the bound is not below it.
    assert_eq!(run(&["min:average:0.64"], &good), (Status::Pass, 64));
    assert_eq!(run(&["max-ties:20"], &"0".repeat(100)), (Status::Fail, 32));
    assert_eq!(run(&["max-ties:20"], &good), (Status::Pass, 80));
    assert_eq!(run(&["max-invalid:0"], &good), (Status::Pass, 100));
    // A margin of 1 from logits of 1 and 0: the second order alone is no preference for the
    // chosen outcome.
    assert_eq!(run(&["max-position-bias:0.3"], &good), (Status::Fail, 32));
}

/// Of items with three rejected answers, which are three comparisons: the first half agrees in all
/// of them, and the others, which disagree, are more than half.
#[test]
fn position_bias_allows_for_every_comparison_that_is_left() {
    let good = "+".repeat(100);
    let before = verdicts(&[("hep-go", &good)]);
    let mut items = pairs(&before);
    for item in &mut items {
        item.rejected = Answers::from_list(["a", "b", "c"].map(str::to_owned).to_vec()).unwrap();
    }
    let rules = ["max-position-bias:0.4".parse().unwrap()];
    let (mut gate, order) = SequentialGate::new(&rules, &before, true, items, None, SEED).unwrap();
    let scored = |(at, item): (usize, &Item)| {
        let logit = |[left, _]: [usize; 2]| if left == 0 || at >= 48 { 1.0 } else { -1.0 };
        let numbers = item.ordered_pairs().into_iter();
        let compared = ComparedAnswers::new(item, numbers.map(|pair| (pair, logit(pair))));
        ScoredItem {
            outcome: Outcome::Compared(compared),
            ..before[item.row].clone()
        }
    };
    let scored: Vec<ScoredItem> = order.iter().enumerate().map(scored).collect();
    assert!(gate.see(&scored).is_break());
    let seen = scored.iter().filter(|item| gate.counted(item.row));
    let seen: Vec<ScoredItem> = seen.cloned().collect();
    let outcome = gate.finish(&seen, None).unwrap();
    assert_eq!(statuses(&outcome), [Status::Fail]);
    let reason = &outcome.rules[0].reason;
    // 40 % of 300 are 120: the next multiple of 16 items after 48 + 40.
    assert!(reason.contains("of 288 pairs"), "{reason}");
}

#[test]
fn not_rejecting_settles_nothing_until_the_end_cannot_reject() {
    let good = "+".repeat(100);
    let (outcome, scored) = run_gate(
        &["significant-drop:subset:*:0.05"],
        &[("hep-go", &good)],
        &[("hep-go", &good)],
        1,
    );
    // With 6 of 6 lost p is 2⁻⁵, above 0.025: 4 are left after 96.
    assert_eq!((statuses(&outcome), scored), (vec![Status::Pass], 96));
    // Pairs that the baseline has wrong cannot be lost.
    let wrong = "-".repeat(100);
    let (outcome, scored) = run_gate(
        &["significant-drop:subset:*:0.05"],
        &[("hep-go", &wrong)],
        &[("hep-go", &wrong)],
        1,
    );
    assert_eq!((statuses(&outcome), scored), (vec![Status::Pass], CHUNK));
}

#[test]
fn the_end_has_the_other_half_of_the_error() {
    // 7 of 100 lost: p = 2⁻⁶, between 0.0125 and 0.025 … and 0.05.
    let (before, after) = (
        "+".repeat(100),
        format!("{}{}", "+".repeat(93), "-".repeat(7)),
    );
    for (alpha, expected) in [("0.05", Status::Fail), ("0.03", Status::Pass)] {
        let rule = format!("significant-drop:total:{alpha}");
        // In an order that leaves the rule unsettled until the end.
        let (outcome, _) = run_gate(&[&rule], &[("hep-go", &before)], &[("hep-go", &after)], 1);
        assert_eq!(
            statuses(&outcome),
            [expected],
            "{alpha} {:?}",
            outcome.rules
        );
    }
}

#[test]
fn what_the_baseline_lacks_is_an_error_and_so_is_a_rule_about_nothing() {
    let marks = [("hep-go", "+-+-")];
    let (before, all) = (verdicts(&marks), verdicts(&[("hep-go", "+-+-++")]));
    let new = |rule: &str, before: &[ScoredItem], after: &[ScoredItem]| {
        SequentialGate::new(
            &[rule.parse().unwrap()],
            before,
            true,
            pairs(after),
            Some(&Benchmark::reward_bench()),
            SEED,
        )
        .err()
        .map(|error| error.render())
    };
    assert!(
        new("drop:average:0", &before, &all)
            .unwrap()
            .contains("it lacks 2 of 6 pairs")
    );
    assert!(
        new("drop:section:Chat:0", &before, &before)
            .unwrap()
            .contains("nothing that it names was compared")
    );
    // More than is needed is no error here: whether pairs may be missing is asked of the gate.
    assert_eq!(new("drop:average:0", &all, &before), None);
    let (mut gate, _) = SequentialGate::new(
        &["drop:average:0.9".parse().unwrap()],
        &all,
        true,
        pairs(&before),
        Some(&Benchmark::reward_bench()),
        SEED,
    )
    .unwrap();
    let refused = gate.expect(None, false).unwrap_err().render();
    assert!(
        refused.contains("lacks 2 pairs of the baseline"),
        "{refused}"
    );
    assert!(gate.expect(None, true).is_ok());
    // Equal verdicts, and a rule that lacks pairs: nothing settles it.
    assert!(gate.see(&before).is_continue() && gate.status() == Status::Inconclusive);
    let outcome = gate.finish(&before, None).unwrap();
    assert_eq!(statuses(&outcome), [Status::Inconclusive]);
    assert_eq!(
        new(
            "drop:average:0",
            &[verdict(0, "hep-go", None, 1.0)],
            &before[..1]
        ),
        None
    );
}
