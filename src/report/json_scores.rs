//! The figures of a column in JSON.

use serde_json::{Map, Value, json};

use crate::benchmark::Metric;
use crate::comparison::{SeveralTests, Test};
use crate::metrics::{Estimate, Scores, SubsetScore, Tally};
use crate::stats::{LEVEL, count};

/// `mixed` where subsets have several; each subset says its own then.
pub(super) fn metric(metrics: &[Metric]) -> Value {
    match metrics {
        [only] => json!(only),
        _ => json!("mixed"),
    }
}

/// An object with a key for each entry of a list, in its order.
pub(super) fn named<T>(list: &[T], entry: impl Fn(&T) -> (String, Value)) -> Value {
    Value::Object(list.iter().map(entry).collect())
}

pub(super) fn scores(scores: &Scores) -> Map<String, Value> {
    let subsets = named(&scores.subsets, |(name, own)| (name.clone(), subset(own)));
    let mut map = Map::new();
    map.insert("subsets".to_owned(), subsets);
    map.insert("sections".to_owned(), estimates(&scores.sections));
    map.insert("variants".to_owned(), estimates(&scores.variants));
    map.insert("average".to_owned(), json!(scores.average));
    // Always there, as schema 1 promises; the headline figure of a benchmark may be another one.
    map.insert("rewardbench".to_owned(), Value::Null);
    if let Some((headline, estimate)) = &scores.headline {
        map.insert(headline.key.clone(), json!(estimate));
    }
    for (aspect, estimate) in &scores.aspects {
        map.insert(aspect.name().to_owned(), json!(estimate));
    }
    map.insert("total".to_owned(), counted(scores.total, scores.all));
    map
}

fn estimates(list: &[(String, Estimate)]) -> Value {
    named(list, |(name, estimate)| (name.clone(), json!(estimate)))
}

/// A subset; its metric stands there where it is another than that of most benchmarks.
fn subset(score: &SubsetScore) -> Value {
    let mut value = counted(score.tally, Some(score.estimate()));
    if score.metric != Metric::PairAccuracy {
        value["metric"] = json!(score.metric);
    }
    for (name, estimate) in score.aspects() {
        value[name] = json!(estimate);
    }
    value
}

/// Verdicts, and the figure that they have; null where they have none.
fn counted(tally: Tally, estimate: Option<Estimate>) -> Value {
    json!({
        "n": tally.n(),
        "correct": tally.correct,
        "wrong": tally.wrong,
        "tie": tally.tie,
        "invalid": tally.invalid,
        "accuracy": estimate.map(|own| own.accuracy),
        "low": estimate.map(|own| own.low),
        "high": estimate.map(|own| own.high),
    })
}

/// Every two models: how many tests that is, and those that are more than chance.
pub(super) fn several_tests(tests: &SeveralTests) -> Value {
    let family = |list: &[Test]| {
        let test = |test: &Test| {
            json!({
                "figure": test.figure,
                "higher": test.higher,
                "lower": test.lower,
                "p": test.p,
                "holm": test.holm,
            })
        };
        let left = list.iter().filter(|test| test.is_more_than_chance());
        json!({
            "tests": list.len(),
            "significant": list.iter().filter(|test| test.is_significant()).count(),
            "by_chance": count(list.len()) * (1.0 - LEVEL),
            "more_than_chance": left.map(test).collect::<Vec<_>>(),
        })
    };
    json!({ "mean": family(&tests.means), "subsets": family(&tests.subsets) })
}
