//! The run directory: `run.json`, `verdicts.parquet`, `summary.json`, `report.md`, `report.html`.

use std::path::Path;
use std::time::{Duration, SystemTime};

use polars::prelude::*;
use serde_json::{Value, json};

use super::desk::Scored;
use crate::benchmark::{Definition, Files};
use crate::cli::RunArgs;
use crate::computing::Computing;
use crate::dataset::Id;
use crate::error::{Error, Result};
use crate::fsio;
use crate::journal::Session;
use crate::plan::Plan;
use crate::report::{self, Report};
use crate::run_dir::Whole;
use crate::score::Verdict;

/// All files; `models` are names with their verdicts.
pub fn write(dir: &Path, report: &Report, models: &[(&str, &[Verdict])], record: &Value) -> Result<()> {
    let verdicts = parquet(models).map_err(|e| Error::bad_input("failed to encode verdicts.parquet").caused_by(e))?;
    let mut files = vec![("verdicts.parquet", verdicts)];
    files.extend(reports(report));
    // Last, so that its presence says that the others are complete.
    files.push(("run.json", report::document(record).into_bytes()));
    fsio::write_together(dir, &files)
}

/// What follows from the verdicts, again.
pub fn write_reports(dir: &Path, report: &Report) -> Result<()> {
    reports(report).iter().try_for_each(|(name, bytes)| fsio::write_atomic(&dir.join(name), bytes))
}

fn reports(report: &Report) -> [(&'static str, Vec<u8>); 3] {
    [("summary.json", report::document(&report::json(report))), ("report.md", report::markdown(report)), ("report.html", report::html(report))]
        .map(|(name, text)| (name, text.into_bytes()))
}

/// This process, as the journal and `run.json` have it.
pub fn session(computing: &Computing, started: SystemTime) -> Session {
    Session {
        pid: std::process::id(),
        started: unix(started),
        device: computing.devices.name(),
        threads: rayon::current_num_threads(),
        batch_tokens: u32::try_from(computing.limits.batch_tokens).unwrap_or(u32::MAX),
        verdicts: 0,
    }
}

/// What was run, on what and how fast. No environment, no secrets.
#[expect(clippy::too_many_arguments, reason = "all that a run knows of itself")]
pub fn record(
    args: &RunArgs,
    computing: &Computing,
    definition: Option<&Definition>,
    plan: &Plan,
    files: &Files,
    whole: &Whole,
    scored: &[Scored],
    sessions: &[Session],
) -> Value {
    let data: Vec<Value> =
        files.files.iter().zip(&plan.data).map(|(file, hash)| json!({ "path": file.path().display().to_string(), "sha256": hash })).collect();
    let models: Vec<Value> = scored.iter().zip(&plan.models).map(|(scored, plan)| model(scored, &plan.fingerprint())).collect();
    let mut record = json!({
        "schema": 1,
        "tool": { "name": "pairbench", "version": env!("CARGO_PKG_VERSION") },
        "plan": {
            "benchmark": args.benchmark,
            "definition": definition,
            "subsets": args.subsets,
            "limit": args.limit,
            "batch_tokens": computing.limits.batch_tokens,
            "device": computing.devices.short_name(),
            "dtype": computing.precision.name(),
            "int8_batch": args.int8_batch,
            "against": args.against.baseline,
            "gate": args.against.gates,
            "seed": args.against.baseline.is_some().then_some(args.against.seed),
            "published": args.published,
            "cache": !args.no_cache,
            "fingerprint": plan.fingerprint(),
            "content": plan,
        },
        "dataset": files.dataset.as_ref().map(ToString::to_string),
        "data": data,
        "models": models,
        "host": { "os": std::env::consts::OS, "arch": std::env::consts::ARCH, "threads": rayon::current_num_threads() },
        "sessions": sessions,
        "started": sessions.first().map(|session| session.started),
        "ended": unix(SystemTime::now()),
    });
    if plan.shard.is_some() {
        record["whole"] = json!(whole);
    }
    record
}

/// Tokens and seconds are those of the last session: pairs that were scored before took none.
fn model(scored: &Scored, fingerprint: &str) -> Value {
    let not_scored: Vec<Value> = scored.verdicts.iter().filter_map(|v| Some(json!({ "row": v.row, "reason": v.reason.as_ref()? }))).collect();
    json!({
        "name": scored.checkpoint.name,
        "facts": scored.checkpoint.facts,
        "fingerprint": fingerprint,
        "tokens": scored.spent.tokens,
        "seconds": scored.spent.seconds,
        "halved": scored.spent.halved,
        "again_in_f32": scored.spent.again,
        "pairs": scored.verdicts.len(),
        "resumed": scored.resumed,
        "cached": scored.cached,
        "not_scored": not_scored,
    })
}

/// Seconds since 1970.
fn unix(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

/// One row per model and pair; columns as the design lists them.
fn parquet(models: &[(&str, &[Verdict])]) -> PolarsResult<Vec<u8>> {
    let rows: Vec<(&str, &Verdict)> = models.iter().flat_map(|(name, verdicts)| verdicts.iter().map(|v| (*name, v))).collect();
    let texts = |name: &str, get: fn(&(&str, &Verdict)) -> String| Column::new(name.into(), rows.iter().map(get).collect::<Vec<_>>());
    let floats = |name: &str, get: fn(&Verdict) -> f32| Column::new(name.into(), rows.iter().map(|(_, v)| get(v)).collect::<Vec<_>>());
    let counts = |name: &str, get: fn(&Verdict) -> usize| {
        Column::new(name.into(), rows.iter().map(|(_, v)| i64::try_from(get(v)).unwrap_or(i64::MAX)).collect::<Vec<_>>())
    };
    let columns = vec![
        texts("model", |(model, _)| (*model).to_owned()),
        counts("row", |v| v.row),
        texts("subset", |(_, v)| v.subset.clone()),
        ids(&rows),
        floats("logit_ab", |v| v.logit_ab),
        floats("logit_ba", |v| v.logit_ba),
        floats("margin", |v| v.margin),
        texts("verdict", |(_, v)| v.decision.name().to_owned()),
        counts("tokens_ab", |v| v.tokens_ab),
        counts("tokens_ba", |v| v.tokens_ba),
        counts("source_cut", |v| v.source_cut),
        counts("chosen_cut", |v| v.chosen_cut),
        counts("rejected_cut", |v| v.rejected_cut),
    ];
    let mut frame = DataFrame::new(rows.len(), columns)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).with_compression(ParquetCompression::Uncompressed).finish(&mut frame)?;
    Ok(bytes)
}

/// Numbers where the source has only numbers, else text; null where a row has none.
fn ids(rows: &[(&str, &Verdict)]) -> Column {
    if rows.iter().all(|(_, v)| matches!(v.id, None | Some(Id::Number(_)))) {
        let number = |v: &Verdict| v.id.as_ref().and_then(|id| if let Id::Number(n) = id { Some(*n) } else { None });
        return Column::new("id".into(), rows.iter().map(|(_, v)| number(v)).collect::<Vec<Option<i64>>>());
    }
    Column::new("id".into(), rows.iter().map(|(_, v)| v.id.as_ref().map(ToString::to_string)).collect::<Vec<Option<String>>>())
}
