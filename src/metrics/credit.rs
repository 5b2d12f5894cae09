//! Outcomes → what each unit of a subset counts under its metric.

use std::collections::BTreeMap;

use crate::benchmark::{Aspect, Metric};
use crate::data::metric_shape::ties_id;
use crate::metrics::rules::{Gaps, Terms, best_of_n, ties_score, won};
use crate::scoring::{Outcome, ScoredItem, Verdict};
use crate::stats::count;

/// What an item counts, from 0 to 1; of [`Metric::Ties`], which counts no single items, whether it
/// is accurate.
pub(crate) fn credit(metric: Metric, aspect: Aspect, item: &ScoredItem) -> f64 {
    let of = |is_right: bool| f64::from(u8::from(is_right));
    let outcome = &item.outcome;
    if item.verdict() == Verdict::Invalid {
        return 0.0;
    }
    match metric {
        Metric::PairAccuracy | Metric::Agreement | Metric::BeatsAll | Metric::Ties => {
            of(item.verdict() == Verdict::Correct)
        }
        Metric::BothOrders => of(votes(outcome).iter().sum::<i8>() > 0),
        Metric::AgreementBothOrders => {
            let label = i8::from(!item.is_tie);
            of(votes(outcome) == [label; 2])
        }
        Metric::BestOfN => outcome
            .scores()
            .map_or(0.0, |scores| best_of_n(&wide(&scores))),
        Metric::Styles => won(aspect, |chosen, rejected| {
            outcome.preference(chosen, rejected) > 0.0
        }),
    }
}

/// What each order says: 1 for the chosen answer, −1 against it, 0 for neither. A model that scores
/// answers alone says the same twice.
fn votes(outcome: &Outcome) -> [i8; 2] {
    let vote = |number: f32| i8::from(number > 0.0) - i8::from(number < 0.0);
    match outcome {
        Outcome::Pairwise(both) => [vote(both.logit_ab), -vote(both.logit_ba)],
        other => [vote(other.margin()); 2],
    }
}

fn wide(scores: &[f32]) -> Vec<f64> {
    scores.iter().copied().map(f64::from).collect()
}

/// What each unit of a subset counts: each item, or each prompt number that has both of its rows.
/// The order depends on the items' keys alone, so that units of two models match.
pub(crate) fn units(metric: Metric, aspect: Aspect, items: &[&ScoredItem]) -> Vec<f64> {
    if metric.is_by_item() {
        let items = items.iter();
        return items.map(|item| credit(metric, aspect, item)).collect();
    }
    let both = |rows: [Option<Gaps>; 2]| Some(Terms::of(rows[0]?, rows[1]?).value());
    by_number(items).into_values().filter_map(both).collect()
}

/// The figure of a subset: the mean of its units, but of [`Metric::Ties`] what its own code makes
/// of rows without a counterpart.
pub(crate) fn value(metric: Metric, aspect: Aspect, items: &[&ScoredItem]) -> f64 {
    if metric.is_by_item() {
        let units = units(metric, aspect, items);
        return units.iter().sum::<f64>() / count(units.len());
    }
    let numbers: Vec<_> = by_number(items).into_values().collect();
    ties_score(&numbers)
}

/// The single and the tied row of each prompt number.
fn by_number(items: &[&ScoredItem]) -> BTreeMap<i64, [Option<Gaps>; 2]> {
    let mut numbers: BTreeMap<i64, [Option<Gaps>; 2]> = BTreeMap::new();
    for item in items {
        let Some((is_tied, number)) = ties_id(item.id.as_ref()) else {
            continue;
        };
        let scores = item
            .outcome
            .scores()
            .filter(|_| item.verdict() != Verdict::Invalid);
        let gaps = scores.map_or(Gaps::NONE, |scores| {
            Gaps::of(&wide(&scores), item.outcome.chosen())
        });
        numbers.entry(number).or_default()[usize::from(is_tied)] = Some(gaps);
    }
    numbers
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::Value;

    use super::*;
    use crate::benchmark::Benchmark;
    use crate::scoring::BothOrders;

    pub(crate) fn scored(outcome: Outcome, is_tie: bool) -> ScoredItem {
        ScoredItem {
            row: 0,
            subset: String::new(),
            id: None,
            is_tie,
            outcome,
            precision: None,
        }
    }

    /// Auto-J's own code on made-up outputs, in percent with two digits. A group without rows is an
    /// error there and no group here.
    #[test]
    fn agreement_is_auto_js() {
        let text = include_str!("../../tests/data/benchmarks/golden.json");
        let all: Value = serde_json::from_str(text).unwrap();
        let benchmark = Benchmark::find("auto-j").unwrap();
        let mut compared = 0;
        for case in all["autoj"]["cases"].as_array().unwrap() {
            if case["output"].get("error").is_some() {
                continue;
            }
            let by_both = case["input"]["type"] == "pairwise";
            let rows = case["input"]["rows"].as_array().unwrap();
            for (group, expected) in case["output"].as_object().unwrap() {
                let mut sections = benchmark.sections.iter();
                let section = sections.find(|section| section.name == *group);
                let is_in = |row: &&Value| {
                    let scenario = row["scenario"].as_str().unwrap().to_owned();
                    section.is_none_or(|own| own.subsets.contains(&scenario))
                };
                let items: Vec<ScoredItem> = rows
                    .iter()
                    .filter(is_in)
                    .map(|row| auto_j(row, by_both))
                    .collect();
                let metric = if by_both {
                    Metric::AgreementBothOrders
                } else {
                    Metric::Agreement
                };
                let share = |counts: &dyn Fn(&ScoredItem) -> f64| {
                    let sum: f64 = items.iter().map(counts).sum();
                    (sum / count(items.len()) * 10000.0).round() / 100.0
                };
                let agreement = share(&|item| credit(metric, Aspect::Whole, item));
                let of = format!("{} {group}", case["name"]);
                assert_eq!(Some(agreement), expected["agreement"].as_f64(), "{of}");
                if by_both {
                    let consistency = share(&|item| {
                        let [one, other] = votes(&item.outcome);
                        f64::from(u8::from(one == other))
                    });
                    assert_eq!(Some(consistency), expected["consistency"].as_f64(), "{of}");
                }
                compared += 1;
            }
        }
        assert_eq!(compared, 27);
    }

    /// A row of Auto-J with one output, or with one for each order of the answers: 0 is the answer
    /// that is shown first, 1 the other one, 2 neither.
    fn auto_j(row: &Value, by_both: bool) -> ScoredItem {
        let logit = |key: &str| match row[key].as_u64() {
            Some(0) => 1.0,
            Some(1) => -1.0,
            _ => 0.0,
        };
        let (output, exchanged) = (logit("output"), logit("output_exchanged"));
        let is_second = row["label"] == 1;
        let [logit_ab, logit_ba] = match (by_both, is_second) {
            (true, false) => [output, exchanged],
            (true, true) => [exchanged, output],
            (false, false) => [output, 0.0],
            (false, true) => [-output, 0.0],
        };
        let outcome = Outcome::Pairwise(BothOrders {
            logit_ab,
            logit_ba,
            ..BothOrders::default()
        });
        scored(outcome, row["label"] == 2)
    }
}
