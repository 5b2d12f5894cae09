//! The run directory: `run.json`, `verdicts.parquet`, `summary.json`, `report.md`, `report.html`.

use std::path::Path;
use std::time::{Duration, SystemTime};

use polars::prelude::*;
use serde_json::{Value, json};

use super::Scored;
use crate::benchmark::{Definition, Files};
use crate::cli::RunArgs;
use crate::dataset::Id;
use crate::error::{Error, Result};
use crate::fsio;
use crate::report::{self, Report};
use crate::score::Verdict;

pub fn write(dir: &Path, args: &RunArgs, definition: Option<&Definition>, data: &Files, report: &Report, scored: &[Scored], started: SystemTime) -> Result<()> {
    let verdicts = parquet(scored).map_err(|e| Error::bad_input("failed to encode verdicts.parquet").caused_by(e))?;
    fsio::write_atomic(&dir.join("verdicts.parquet"), &verdicts)?;
    fsio::write_atomic(&dir.join("summary.json"), report::document(&report::json(report)).as_bytes())?;
    fsio::write_atomic(&dir.join("report.md"), report::markdown(report).as_bytes())?;
    fsio::write_atomic(&dir.join("report.html"), report::html(report).as_bytes())?;
    // Last, so that its presence says that the others are complete.
    fsio::write_atomic(&dir.join("run.json"), report::document(&record(args, definition, data, scored, started)?).as_bytes())
}

/// What was run, on what and how fast. No environment, no secrets.
fn record(args: &RunArgs, definition: Option<&Definition>, files: &Files, scored: &[Scored], started: SystemTime) -> Result<Value> {
    let mut data = Vec::new();
    for file in &files.files {
        data.push(json!({ "path": file.path().display().to_string(), "sha256": file.sha256()? }));
    }
    let models: Vec<Value> = scored
        .iter()
        .map(|s| json!({ "name": s.checkpoint.name, "facts": s.checkpoint.facts, "tokens": s.tokens, "seconds": s.seconds, "pairs": s.verdicts.len() }))
        .collect();
    Ok(json!({
        "schema": 1,
        "tool": { "name": "pairbench", "version": env!("CARGO_PKG_VERSION") },
        "plan": {
            "benchmark": args.benchmark,
            "definition": definition,
            "subsets": args.subsets,
            "limit": args.limit,
            "batch_tokens": args.batch_tokens,
            "device": "cpu",
            "dtype": args.dtype.name(),
            "int8_batch": args.int8_batch,
            "against": args.against.baseline,
            "gate": args.against.gates,
            "seed": args.against.baseline.is_some().then_some(args.against.seed),
        },
        "dataset": files.dataset.as_ref().map(ToString::to_string),
        "data": data,
        "models": models,
        "host": { "os": std::env::consts::OS, "arch": std::env::consts::ARCH, "threads": rayon::current_num_threads() },
        "started": unix(started),
        "ended": unix(SystemTime::now()),
    }))
}

/// Seconds since 1970.
fn unix(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

/// One row per model and pair; columns as the design lists them.
fn parquet(scored: &[Scored]) -> PolarsResult<Vec<u8>> {
    let rows: Vec<(&str, &Verdict)> = scored.iter().flat_map(|s| s.verdicts.iter().map(|v| (s.checkpoint.name.as_str(), v))).collect();
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
