//! `summary.json`: the stable machine format.

use serde_json::{Map, Value, json};

use crate::comparison::published::PublishedComparison;
use crate::metrics::{Estimate, Scores, Tally};
use crate::report::{ModelReport, Report};
use crate::support::error::breaks_line;

/// As it is printed and written. JSON lets DEL, C1 controls and bidirectional overrides stand as
/// they are, and a terminal obeys them: escaped, they mean the same to a program.
pub fn document(value: &Value) -> String {
    let mut out = String::new();
    for c in format!("{value:#}\n").chars() {
        // Those that JSON does escape are none of the text's own any more, but for line feeds
        // between values.
        if c != '\n' && breaks_line(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)))
        } else {
            out.push(c)
        }
    }
    out
}

/// Schema 1 of `summary.json`: `docs/schema/summary.v1.json`.
pub fn json(report: &Report) -> Value {
    let models: Map<String, Value> = report
        .models
        .iter()
        .map(|m| (m.name.clone(), model(m)))
        .collect();
    let baselines: Map<String, Value> = report
        .others
        .iter()
        .map(|(name, s)| (name.clone(), Value::Object(scores(s))))
        .collect();
    json!({
        "schema": 1,
        "title": report.title,
        "benchmark": report.benchmark,
        "dataset": report.dataset,
        "partial": report.partial,
        "models": models,
        "baselines": baselines,
        "notes": report.notes,
    })
}

fn model(model: &ModelReport) -> Value {
    let mut value = scores(&model.scores);
    value.insert(
        "position_bias".to_owned(),
        json!(model.behaviour.position_bias),
    );
    value.insert("truncated".to_owned(), json!(model.behaviour.truncated));
    value.insert("margins".to_owned(), margins(model.behaviour.margins));
    if !model.invalid.is_empty() {
        value.insert("not_scored".to_owned(), json!(model.invalid));
    }
    if let Some(comparison) = &model.published {
        value.insert("published".to_owned(), published(comparison));
    }
    Value::Object(value)
}

fn scores(scores: &Scores) -> Map<String, Value> {
    let subsets: Map<String, Value> = scores
        .subsets
        .iter()
        .map(|(name, t)| (name.clone(), tally(t)))
        .collect();
    let mut map = Map::new();
    map.insert("subsets".to_owned(), subsets.into());
    map.insert("sections".to_owned(), estimates(&scores.sections));
    map.insert("variants".to_owned(), estimates(&scores.variants));
    map.insert("average".to_owned(), json!(scores.average));
    map.insert("rewardbench".to_owned(), Value::Null);
    if let Some((headline, estimate)) = &scores.headline {
        map.insert(headline.key.clone(), json!(estimate));
    }
    map.insert("total".to_owned(), tally(&scores.total));
    map
}

fn estimates(list: &[(String, Estimate)]) -> Value {
    Value::Object(
        list.iter()
            .map(|(name, e)| (name.clone(), json!(e)))
            .collect(),
    )
}

fn tally(tally: &Tally) -> Value {
    let estimate = tally.estimate();
    json!({
        "n": tally.n(), "correct": tally.correct, "wrong": tally.wrong, "tie": tally.tie, "invalid": tally.invalid,
        "accuracy": estimate.accuracy, "low": estimate.low, "high": estimate.high,
    })
}

/// By quantile.
fn margins(quantiles: Option<[f32; 5]>) -> Value {
    quantiles.map_or(Value::Null, |q| {
        Value::Object(
            ["p5", "p25", "p50", "p75", "p95"]
                .into_iter()
                .map(str::to_owned)
                .zip(q.map(|v| json!(v)))
                .collect(),
        )
    })
}

fn published(comparison: &PublishedComparison) -> Value {
    let mut value = json!({ "table": comparison.table, "subsets": comparison.subsets });
    value["sections"] = estimates(&comparison.scores.sections);
    value["variants"] = estimates(&comparison.scores.variants);
    value["average"] = json!(comparison.scores.average.accuracy);
    value
}
