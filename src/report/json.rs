//! JSON for programs: `docs/schema` describes both documents.

use serde_json::{Value, json};

use crate::comparison::gate::{Conclusion, Measured, RuleOutcome, Settling};
use crate::comparison::published::{Beside, Counterpart, PublishedComparison};
use crate::comparison::{Comparison, Difference, Matching};
use crate::report::comparison_report::{ComparisonReport, Flip};
use crate::report::comparison_table::texts;
use crate::report::document::Document;
use crate::report::json_scores::{metric, named, scores, several_tests};
use crate::report::notes;
use crate::report::origin::Origin;
use crate::report::run_report::{ModelReport, RunReport};
use crate::scoring::run_dir::SUMMARY_SCHEMA;
use crate::support::error::breaks_line;

/// A document as it is printed and written. JSON itself leaves DEL, C1 controls and bidirectional
/// overrides as they are, and a terminal obeys them: they are escaped, which means the same to a
/// program.
pub(crate) fn json_text(value: &Value) -> String {
    escaped(&format!("{value:#}\n"))
}

/// What a terminal would obey in JSON, escaped.
pub(crate) fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        // The line feeds left are those between values: JSON escapes those in strings.
        if c != '\n' && breaks_line(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

pub(super) fn json(document: Document) -> Value {
    match document {
        Document::Run(report) => run(report),
        Document::Comparison(report) => comparison(report),
    }
}

/// Schema 2 of `summary.json`: `docs/schema/summary.v2.json`.
fn run(report: &RunReport) -> Value {
    let models = named(&report.models, |m| (m.name.clone(), model(m)));
    let baselines = named(&report.others, |(name, own)| {
        (name.clone(), Value::Object(scores(own)))
    });
    json!({
        "schema": SUMMARY_SCHEMA,
        "title": report.title,
        "benchmark": report.benchmark,
        "metric": metric(&report.metrics),
        "dataset": report.dataset,
        "partial": report.partial,
        "models": models,
        "baselines": baselines,
        "several_tests": report.several_tests.as_ref().map(several_tests),
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
    value.insert("provenance".to_owned(), json!(model.provenance));
    match &model.published {
        Counterpart::NotAsked => {}
        Counterpart::Nothing(why) => {
            value.insert("not_published".to_owned(), json!(why));
        }
        Counterpart::Column(comparison) => {
            value.insert("published".to_owned(), published(comparison));
        }
    }
    Value::Object(value)
}

/// Margins by quantile; null where no margin is finite.
fn margins(quantiles: Option<[f32; 5]>) -> Value {
    let Some(quantiles) = quantiles else {
        return Value::Null;
    };
    let names = ["p5", "p25", "p50", "p75", "p95"].map(str::to_owned);
    let values = quantiles.map(|margin| json!(margin));
    Value::Object(names.into_iter().zip(values).collect())
}

fn published(comparison: &PublishedComparison) -> Value {
    let means =
        |list: &[(String, Beside)]| named(list, |(name, own)| (name.clone(), mean_beside(own)));
    let subsets = named(&comparison.subsets, |(name, _, own)| {
        (name.clone(), subset_beside(own))
    });
    let mut reproduction = json!(comparison.reproduction);
    reproduction["look_at"] = comparison
        .reproduction
        .look_at
        .iter()
        .map(|(subset, pairs)| json!({ "subset": subset, "pairs": pairs }))
        .collect();
    json!({
        "table": comparison.table,
        "source": comparison.source,
        "model": comparison.model,
        "subsets": subsets,
        "sections": means(&comparison.sections),
        "variants": means(&comparison.variants),
        "average": mean_beside(&comparison.average),
        "reproduction": reproduction,
    })
}

fn subset_beside(beside: &Beside) -> Value {
    let counts = beside.counts();
    json!({
        "accuracy": beside.printed(),
        "pairs": counts.map(|(pairs, _)| pairs),
        "standing": counts.map(|(_, standing)| standing),
        "not_compared": beside.why_not(),
    })
}

fn mean_beside(beside: &Beside) -> Value {
    let difference = match beside {
        Beside::Means { difference, .. } => Some(*difference),
        _ => None,
    };
    json!({
        "accuracy": beside.printed(),
        "difference": difference,
        "not_compared": beside.why_not(),
    })
}

/// Schema 1 of `pairbench compare --format json`: `docs/schema/comparison.v1.json`.
fn comparison(report: &ComparisonReport) -> Value {
    let comparison = &report.comparison;
    let rows = |rows: &[Difference]| named(rows, |row| (row.name.clone(), difference(row)));
    let mut value = json!({
        "schema": 1,
        "baseline": report.baseline,
        "candidate": report.candidate,
        "benchmark": comparison.benchmark,
        "provenance": {
            "baseline": origin(&report.origins[0]),
            "candidate": origin(&report.origins[1]),
        },
        "matching": matching(&comparison.matching),
        "subsets": rows(&comparison.subsets),
        "sections": rows(&comparison.sections),
        "totals": rows(&comparison.totals),
        "changed": comparison.changes.len(),
        "partial": { "baseline": report.partial[0], "candidate": report.partial[1] },
        "missing": missing(comparison),
        "ties": comparison.tallies.map(|side| side.map(|own| own.tie)),
        "invalid": comparison.tallies.map(|side| side.map(|own| own.invalid)),
        "stopped_early": comparison.stopped.map(|[scored, planned]| {
            json!({ "scored": scored, "planned": planned })
        }),
        "gate": report.gate.iter().map(outcome).collect::<Vec<_>>(),
        "conclusion": report.conclusion.map(conclusion),
        "notes": notes::comparison(report),
    });
    if let Some(flips) = &report.flips {
        value["flips"] = flips.iter().map(flip).collect();
    }
    value
}

/// One side's provenance, or where its figures are published.
fn origin(origin: &Origin) -> Value {
    match origin {
        Origin::Run(provenance) => json!(provenance),
        Origin::Published {
            model,
            table,
            source,
            benchmark,
        } => json!({
            "published": table,
            "model": model,
            "source": source,
            "benchmark": benchmark,
        }),
    }
}

/// Pairs that belong into the comparison and are not in it, by subset.
fn missing(comparison: &Comparison) -> Value {
    named(&comparison.coverage.gaps, |gap| {
        (gap.subset.clone(), json!(gap.missing))
    })
}

fn outcome(outcome: &RuleOutcome) -> Value {
    json!({
        "rule": outcome.rule,
        "status": outcome.status,
        "reason": outcome.reason,
        "measured": outcome.measured.as_ref().map(measured),
        "missing": outcome.missing,
        "settled_by": outcome.settling.map(|settling| settling.to_string()),
        "settled_by_pairs": outcome.settling.and_then(Settling::pairs),
        "look_at": outcome.look_at,
    })
}

fn measured(measured: &Measured) -> Value {
    json!({
        "figure": measured.figure,
        "value": measured.value,
        "low": measured.interval.map(|interval| interval.low),
        "high": measured.interval.map(|interval| interval.high),
        "limit": measured.limit,
        "pairs": measured.pairs,
    })
}

fn conclusion(conclusion: Conclusion) -> Value {
    json!({
        "passed": conclusion.passed,
        "failed": conclusion.failed,
        "inconclusive": conclusion.inconclusive,
        "exit_code": conclusion.exit.code(),
        "why": conclusion.exit.why(),
    })
}

fn matching(matching: &Matching) -> Value {
    match matching {
        Matching::Paired { by, pairs, only } => json!({
            "paired": true,
            "by": notes::key_name(*by),
            "pairs": pairs,
            "only_baseline": only[0],
            "only_candidate": only[1],
        }),
        Matching::Unpaired => json!({ "paired": false }),
    }
}

fn difference(row: &Difference) -> Value {
    let pairs = row.pairs.as_ref();
    json!({
        "n": row.n,
        "baseline": row.baseline,
        "candidate": row.candidate,
        "difference": {
            "value": row.value,
            "low": row.interval.low,
            "high": row.interval.high,
        },
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
        "subset": change.subset,
        "id": change.id,
        "row": change.row,
        "change": change.margin(),
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
    use crate::benchmark::{Benchmark, RESERVED_KEYS};
    use crate::comparison::{ALL, AVERAGE};
    use crate::report::samples;

    #[test]
    fn a_run_has_the_stable_keys() {
        let value = run(&samples::run());
        assert_eq!(value["schema"], 2);
        assert_eq!(value["models"]["A"]["subsets"]["hep-go"]["n"], 4);
        assert_eq!(value["models"]["A"]["rewardbench"], Value::Null);
        assert!(value["models"]["A"]["sections"]["Reasoning"]["low"].is_number());
        assert!(value["models"]["A"]["position_bias"]["disagree"].is_number());
        assert_eq!(
            value["baselines"]["longer"]["subsets"]["hep-go"]["correct"],
            1
        );
    }

    /// A headline figure stands among them, under a key that its definition chooses.
    #[test]
    fn no_headline_takes_the_place_of_another_key() {
        let mut report = samples::with_published();
        for model in &mut report.models {
            model.scores.headline = None;
            model.invalid = vec!["why".to_owned()];
            let own = super::model(model);
            let keys = own.as_object().unwrap().keys();
            // Of RewardBench, whose score is one.
            let others = keys.filter(|key| *key != "rewardbench");
            let free = others.filter(|key| !RESERVED_KEYS.contains(&key.as_str()));
            assert_eq!(free.collect::<Vec<_>>(), Vec::<&String>::new());
        }
        for name in [AVERAGE, ALL] {
            let text = format!(
                "name='x'\nheadline={{key='k',label='{name}',mean='items'}}\n[subsets]\na=1"
            );
            let found = Benchmark::parse(&text, std::path::Path::new("x.toml"));
            assert!(found.unwrap().check_names().is_err(), "{name}");
        }
    }

    #[test]
    fn what_does_not_apply_is_null() {
        let mut report = samples::run();
        report.benchmark = None;
        report.models[0].behaviour.position_bias = None;
        let value = run(&report);
        assert!(value.get("benchmark").is_some_and(Value::is_null));
        let model = &value["models"]["A"];
        assert!(model.get("position_bias").is_some_and(Value::is_null));
    }

    #[test]
    fn a_published_column_says_how_a_subset_stands() {
        let value = run(&samples::with_published());
        let published = &value["models"]["A"]["published"];
        let subset = &published["subsets"]["hep-go"];
        assert_eq!(
            (
                &subset["pairs"],
                &subset["standing"],
                &subset["not_compared"]
            ),
            (&json!(-1), &json!("within-spread"), &Value::Null)
        );
        assert_eq!(published["average"]["accuracy"], 0.6);
        assert!(published["average"]["not_compared"].is_string());
        assert_eq!(published["reproduction"]["reproduced"], Value::Null);
        let other = value["models"]
            .as_object()
            .unwrap()
            .values()
            .nth(1)
            .unwrap();
        assert_eq!(other["not_published"], "why <not>");
    }

    #[test]
    fn a_comparison_has_the_stable_keys() {
        let value = comparison(&samples::comparison());
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
        let without = comparison(&ComparisonReport {
            flips: None,
            ..samples::comparison()
        });
        assert!(without.get("flips").is_none());
    }
}
