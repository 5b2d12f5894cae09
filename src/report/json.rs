//! `summary.json`: the stable machine format.

use serde_json::{Map, Value, json};

use super::Report;
use crate::metrics::{Summary, Tally};

/// Schema 1 of `summary.json`.
pub fn json(report: &Report) -> Value {
    let models: Map<String, Value> = report.models.iter().map(|m| (m.name.clone(), summary(&m.summary))).collect();
    json!({ "schema": 1, "title": report.title, "models": models })
}

fn summary(summary: &Summary) -> Value {
    let subsets: Map<String, Value> = summary.subsets.iter().map(|(name, t)| (name.clone(), tally(t))).collect();
    let sections: Map<String, Value> = summary.sections.iter().map(|(name, e)| (name.clone(), json!(e))).collect();
    json!({
        "subsets": subsets,
        "sections": sections,
        "average": summary.average,
        "rewardbench": summary.rewardbench,
        "position_bias": summary.position_bias,
        "total": tally(&summary.total),
    })
}

fn tally(tally: &Tally) -> Value {
    let estimate = tally.estimate();
    json!({
        "n": tally.n(), "correct": tally.correct, "wrong": tally.wrong, "tie": tally.tie, "invalid": tally.invalid,
        "accuracy": estimate.accuracy, "low": estimate.low, "high": estimate.high,
    })
}
