//! The comparison for programs.

use serde_json::{Map, Value, json};

use crate::comparison::{Difference, Matching};
use crate::report::comparison::{ComparisonReport, Flip, by_name, notes, texts};

/// Schema 1 of `pairbench compare --format json`: `docs/schema/comparison.v1.json`.
pub fn json(report: &ComparisonReport) -> Value {
    let comparison = &report.comparison;
    let lines = |lines: &[Difference]| {
        Value::Object(
            lines
                .iter()
                .map(|line| (line.name.clone(), difference(line)))
                .collect::<Map<_, _>>(),
        )
    };
    let matching = match comparison.matching {
        Matching::Paired { by, pairs, only } => {
            json!({ "paired": true, "by": by_name(by), "pairs": pairs, "only_baseline": only[0], "only_candidate": only[1] })
        }
        Matching::Unpaired => json!({ "paired": false }),
    };
    let gate: Vec<Value> = report.gate.iter().map(|o| json!({ "rule": o.rule, "status": o.status, "reason": o.reason, "look_at": o.look_at })).collect();
    let mut value = json!({
        "schema": 1,
        "baseline": report.baseline,
        "candidate": report.candidate,
        "benchmark": comparison.benchmark,
        "matching": matching,
        "subsets": lines(&comparison.subsets),
        "sections": lines(&comparison.sections),
        "totals": lines(&comparison.totals),
        "changed": comparison.changes.len(),
        "gate": gate,
        "notes": notes(report),
    });
    if let Some(flips) = &report.flips {
        value["flips"] = flips.iter().map(flip).collect();
    }
    value
}

fn difference(line: &Difference) -> Value {
    let pairs = line.pairs.as_ref();
    json!({
        "n": line.n,
        "baseline": line.baseline,
        "candidate": line.candidate,
        "difference": { "value": line.value, "low": line.interval.low, "high": line.interval.high },
        "gained": pairs.map(|p| p.gained),
        "lost": pairs.map(|p| p.lost),
        "p": pairs.map(|p| p.p),
        "holm": pairs.and_then(|p| p.holm),
        "showable": pairs.and_then(|p| p.detectable),
    })
}

fn flip(flip: &Flip) -> Value {
    let change = &flip.change;
    let mut value = json!({
        "subset": change.subset, "id": change.id, "row": change.row, "change": change.margin(),
        "baseline": { "verdict": change.baseline.0, "margin": change.baseline.1 },
        "candidate": { "verdict": change.candidate.0, "margin": change.candidate.1 },
    });
    for (label, text) in flip.text.iter().flat_map(texts) {
        value[label] = json!(text);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::comparison::tests::sample;

    #[test]
    fn json_has_the_stable_keys() {
        let value = json(&sample());
        assert_eq!(
            (
                &value["schema"],
                &value["matching"]["paired"],
                &value["changed"]
            ),
            (&json!(1), &json!(true), &json!(4))
        );
        assert_eq!(value["subsets"]["hep-go"]["lost"], 0);
        assert!(value["totals"]["average"]["difference"]["low"].is_number());
        assert_eq!(value["gate"][1]["status"], "pass");
        assert_eq!(value["flips"][0]["chosen"], "<script>");
        assert!(
            json(&ComparisonReport {
                flips: None,
                ..sample()
            })
            .get("flips")
            .is_none()
        );
    }
}
