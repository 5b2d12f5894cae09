//! Outcomes → what each unit of a subset counts under its metric.

use std::collections::BTreeMap;

use crate::benchmark::{Aspect, Metric};
use crate::data::metric_shape::ties_id;
use crate::metrics::rules::{Gaps, Terms, best_of_n, ties_score, won};
use crate::scoring::{Outcome, ScoredItem, Verdict};
use crate::stats::count;

/// What an item counts, from 0 to 1; of [`Metric::Ties`], which counts no single items, whether it
/// is accurate.
pub(crate) fn credit(metric: Metric, aspect: Aspect, outcome: &Outcome) -> f64 {
    let of = |is_right: bool| f64::from(u8::from(is_right));
    if outcome.verdict() == Verdict::Invalid {
        return 0.0;
    }
    match metric {
        Metric::PairAccuracy | Metric::BeatsAll | Metric::Ties => {
            of(outcome.verdict() == Verdict::Correct)
        }
        Metric::BothOrders => of(votes(outcome) > 0),
        Metric::BestOfN => outcome
            .scores()
            .map_or(0.0, |scores| best_of_n(&wide(&scores))),
        Metric::Styles => won(aspect, |chosen, rejected| {
            outcome.preference(chosen, rejected) > 0.0
        }),
    }
}

/// Votes for the chosen answer minus votes against it: one for each order, as JudgeBench counts the
/// decisions of a judge. A model that scores answers alone votes twice alike.
fn votes(outcome: &Outcome) -> i8 {
    let vote = |number: f32| i8::from(number > 0.0) - i8::from(number < 0.0);
    match outcome {
        Outcome::Pairwise(both) => vote(both.logit_ab) - vote(both.logit_ba),
        other => 2 * vote(other.margin()),
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
        return items
            .map(|item| credit(metric, aspect, &item.outcome))
            .collect();
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
