//! `.eval_results/BENCHMARK.yaml` in a model's repository on the hub: the headline figure.
//!
//! `task_id` must be one of the `eval.yaml` of the benchmark's dataset, which nothing here reads:
//! `default` is what a benchmark with one task has.

use std::time::{Duration, SystemTime};

use crate::report::exchange::exchange_file::{ExchangeFile, Exchanged};
use crate::report::exchange::exported_model::ExportedModel;
use crate::report::exchange::paths::{component, model_folder};
use crate::support::count::count;
use crate::support::error::{Error, Result};

const WHAT: &str = "a result for the hub";

const TASK: &str = "default";

pub(super) fn exchanged(model: &ExportedModel) -> Result<Exchanged> {
    let benchmark = model.needed_benchmark(WHAT)?;
    model.check_whole(WHAT)?;
    let dataset = model.benchmark_dataset().ok_or_else(|| {
        Error::usage(format!(
            "failed to write {WHAT}: {} names no dataset of the hub",
            benchmark.name
        ))
        .hint("a result belongs to a dataset there: give `dataset` in [source] of the definition")
    })?;
    let (label, figure) = match &model.scores.headline {
        Some((headline, estimate)) => (headline.label.as_str(), estimate),
        None => ("average", &model.scores.average),
    };
    let percent = |share: f64| format!("{:.2}", share * 100.0);
    let mut text = format!(
        "- dataset:\n    id: {}\n    task_id: {TASK}\n",
        quoted(&dataset.id)
    );
    if !dataset.revision.is_empty() {
        text.push_str(&format!("    revision: {}\n", quoted(&dataset.revision)));
    }
    text.push_str(&format!("  value: {}\n", percent(figure.accuracy)));
    let ended = model
        .run
        .ended
        .filter(|_| model.record.source.facts().is_some());
    if let Some(date) = ended.and_then(date) {
        text.push_str(&format!("  date: {}\n", quoted(&date)));
    }
    let uncounted = if model.is_uncounted() {
        let items = count(model.scored.len(), "item");
        format!("; {items}, how many the benchmark has is not known")
    } else {
        String::new()
    };
    let notes = format!(
        "{label} in percent, 95 % interval {} to {}; {}{uncounted}",
        percent(figure.low),
        percent(figure.high),
        measured(model)
    );
    text.push_str(&format!("  notes: {}\n", quoted(&notes)));
    let file = format!("{}.yaml", component(&benchmark.name));
    Ok(Exchanged {
        files: vec![ExchangeFile {
            path: model_folder("", model.id())
                .join(".eval_results")
                .join(file),
            bytes: text.into_bytes(),
        }],
        notes: vec![format!(
            "task_id is {TASK}: look into eval.yaml of {} for the tasks that it has",
            dataset.id
        )],
    })
}

/// By whom and how.
fn measured(model: &ExportedModel) -> String {
    let version = &model.run.tool.version;
    if let Some(imported) = model.record.source.imported() {
        let layouts = imported.files.iter().map(|file| file.layout.name());
        let layouts: Vec<&str> = layouts.collect();
        return format!("from {}, by pairbench {version}", layouts.join(", "));
    }
    let contract = model.contract().unwrap_or_default();
    format!(
        "input contract {contract}, precision {}, pairbench {version}",
        model.run.plan.dtype
    )
}

/// `2026-01-15T10:30:00Z` of seconds since 1970.
fn date(seconds: f64) -> Option<String> {
    // The last second of the year 9999, after which the form has no place.
    let since = Some(seconds).filter(|own| *own < 253_402_300_799.0)?;
    let since = Duration::try_from_secs_f64(since).ok()?;
    let time = SystemTime::UNIX_EPOCH.checked_add(since)?;
    Some(humantime::format_rfc3339_seconds(time).to_string())
}

/// A JSON string is a double-quoted scalar of YAML; what a YAML reader takes for a line end is
/// escaped.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for c in serde_json::Value::from(text).to_string().chars() {
        if c.is_ascii() && c != '\u{7f}' {
            out.push(c);
        } else {
            out.push_str(&format!("\\U{:08x}", u32::from(c)));
        }
    }
    out
}
