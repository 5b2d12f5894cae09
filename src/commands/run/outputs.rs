//! The run directory: `run.json`, `verdicts.parquet`, `summary.json`, `report.md`, `report.html`.

use std::path::Path;
use std::time::SystemTime;

use crate::checkpoint::Precision;
use crate::commands::run::prepared::Prepared;
use crate::commands::run::scored::Scored;
use crate::commands::run::this_process::unix;
use crate::commands::run_report::Column;
use crate::data::DataFile;
use crate::report::{Format, RunReport, Style, json_text, render};
use crate::scoring::fingerprint::margins_of;
use crate::scoring::journal::{Journal, Session};
use crate::scoring::run_dir::record::{
    Host, ModelRecord, NotScored, Plan, PrecisionRecord, RunRecord, SCHEMA, Tool,
};
use crate::scoring::run_dir::verdict_source::VerdictSource;
use crate::scoring::run_dir::{RunDir, verdicts};
use crate::scoring::{ScoredItem, ScoredModel};
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::input_file::InputFile;
use crate::support::terminal::say;

/// Writes what the request asks for, and says so.
pub(crate) fn write(
    prepared: &Prepared,
    scored: &mut Scored,
    report: &RunReport,
    record: &RunRecord,
) -> Result<()> {
    let Some(dir) = &prepared.request.out else {
        return Ok(());
    };
    match scored.closed.take() {
        Some((_, journal)) => {
            say_what_is_lossy(record);
            write_all(dir, report, &scored.columns(), record)?;
            journal.map_or(Ok(()), Journal::remove)?;
        }
        None => write_reports(dir, report)?,
    }
    say(&format!(
        "wrote run.json, verdicts.parquet, summary.json, report.md and report.html to {}",
        dir.display()
    ));
    Ok(())
}

/// Text has no place for every path.
fn say_what_is_lossy(record: &RunRecord) {
    let lossy = record
        .data
        .iter()
        .filter(|file| file.path.to_str().is_none());
    for file in lossy {
        say(&format!(
            "{} is not UTF-8: run.json names it so, with replacement characters",
            file.path.display()
        ));
    }
}

/// All files of a run directory.
pub(crate) fn write_all(
    dir: &Path,
    report: &RunReport,
    models: &[Column],
    record: &RunRecord,
) -> Result<()> {
    let verdicts = verdicts::encode(models)?;
    let record = serde_json::to_value(record)
        .map_err(|e| Error::bad_input("failed to encode run.json").caused_by(e))?;
    let mut all = vec![("verdicts.parquet", verdicts)];
    all.extend(reports(report)?);
    // Last, so that its presence says that the others are complete.
    all.push(("run.json", json_text(&record).into_bytes()));
    files::write_together(dir, &all)
}

/// What follows from the verdicts, again.
fn write_reports(dir: &Path, report: &RunReport) -> Result<()> {
    reports(report)?
        .iter()
        .try_for_each(|(name, bytes)| files::write_atomic(&dir.join(name), bytes))
}

fn reports(report: &RunReport) -> Result<[(&'static str, Vec<u8>); 3]> {
    let bytes = |format| render(report, format, Style::plain()).map(String::into_bytes);
    Ok([
        ("summary.json", bytes(Format::Json)?),
        ("report.md", bytes(Format::Markdown)?),
        ("report.html", bytes(Format::Html)?),
    ])
}

/// What was run, on what and how fast: of this run, or of the finished one that it found.
pub(crate) fn record(prepared: &Prepared, scored: &Scored) -> Result<RunRecord> {
    let sessions = scored.closed.as_ref().map(|(sessions, _)| &**sessions);
    match (sessions, &prepared.request.out) {
        (None, Some(dir)) => RunDir::open(dir).map(|finished| finished.record),
        (sessions, _) => {
            let sessions = sessions.unwrap_or_default();
            Ok(new_record(prepared, scored, sessions))
        }
    }
}

/// No environment, no secrets.
fn new_record(prepared: &Prepared, scored: &Scored, sessions: &[Session]) -> RunRecord {
    let Prepared {
        request,
        backend,
        fingerprint,
        data,
        ..
    } = prepared;
    let against = request.against.as_ref();
    let recorded = |(file, sha256): (&InputFile, &String)| DataFile {
        path: file.path(),
        sha256: sha256.clone(),
        map: prepared.map.recorded(),
    };
    RunRecord {
        schema: SCHEMA,
        tool: Tool::this(),
        plan: Plan {
            benchmark: request.benchmark.clone(),
            definition: prepared.definition(),
            subsets: request.selection.subsets.clone(),
            limit: request.selection.limit,
            batch_tokens: backend.limits.batch_tokens,
            device: backend.devices.short_name(),
            dtype: backend.dtype_name().to_owned(),
            int8_batch: request.backend.int8_batch,
            against: against.map(|against| against.baseline.clone()),
            gate: against.map_or_else(Vec::new, |against| against.gates.clone()),
            seed: against.map(|against| against.seed),
            published: request.published.clone(),
            cache: request.cache,
            fingerprint: Some(fingerprint.digest()),
            content: Some(fingerprint.clone()),
        },
        dataset: data.dataset.as_ref().map(ToString::to_string),
        data: data
            .files
            .iter()
            .zip(&fingerprint.data)
            .map(recorded)
            .collect(),
        models: scored
            .models
            .iter()
            .zip(&fingerprint.models)
            .map(|(model, own)| model_record(model, own.digest(), precision(prepared, model)))
            .collect(),
        host: Host::this(),
        sessions: sessions.to_vec(),
        started: sessions.first().map(|session| session.started),
        ended: Some(unix(SystemTime::now())),
        stopped_early: scored.stopped_early(),
        whole: request.shard.is_some().then(|| prepared.whole.clone()),
        shards: Vec::new(),
    }
}

/// In which types a model was computed.
fn precision(prepared: &Prepared, model: &ScoredModel) -> PrecisionRecord {
    let backend = &prepared.backend;
    let stored = &model.checkpoint.facts.dtypes;
    let is_gpu = backend.devices.is_gpu();
    let batch = prepared.request.backend.int8_batch;
    let columns = batch.map_or_else(String::new, |n| format!(", outlier columns by {n} pairs"));
    let arithmetic = backend.precision.arithmetic();
    let storage = backend.precision.storage_name(stored, is_gpu);
    if backend.verified {
        let exact = Precision::F32.storage_name(stored, is_gpu);
        return PrecisionRecord {
            storage: format!("{storage}, and {exact}"),
            arithmetic: format!("{arithmetic}, verified in f32"),
        };
    }
    PrecisionRecord {
        storage,
        arithmetic: format!("{arithmetic}{columns}"),
    }
}

fn model_record(
    model: &ScoredModel,
    fingerprint: String,
    precision: PrecisionRecord,
) -> ModelRecord {
    let not_scored = |item: &ScoredItem| {
        let reason = item.outcome.reason()?.to_owned();
        Some(NotScored {
            row: item.row,
            reason,
        })
    };
    ModelRecord {
        name: model.checkpoint.name.clone(),
        source: VerdictSource::Facts(model.checkpoint.facts.clone()),
        fingerprint: Some(fingerprint),
        precision: Some(precision),
        tokens: model.spent.tokens,
        seconds: model.spent.seconds,
        halved: model.spent.halved,
        again_in_f32: model.spent.again,
        verification: model.verification.clone(),
        pairs: model.items.len(),
        margins: Some(margins_of(&model.items)),
        resumed: model.resumed(),
        cached: model.cached(),
        not_scored: model.items.iter().filter_map(not_scored).collect(),
    }
}
