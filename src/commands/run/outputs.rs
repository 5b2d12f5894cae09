//! The run directory: `run.json`, `verdicts.parquet`, `summary.json`, `report.md`, `report.html`.

use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::benchmark::{Definition, Files};
use crate::cli::RunArgs;
use crate::commands::run::session::Scored;
use crate::data::DataFile;
use crate::device::backend::Backend;
use crate::report::{Format, RunReport, Style, json_text, render};
use crate::scoring::ScoredItem;
use crate::scoring::fingerprint::Fingerprint;
use crate::scoring::journal::Session;
use crate::scoring::run_dir::record::{
    Host, ModelRecord, NotScored, Plan, RunRecord, SCHEMA, Tool, Whole,
};
use crate::scoring::run_dir::verdicts;
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::input_file::InputFile;

/// All files; `models` are names with their verdicts.
pub fn write(
    dir: &Path,
    report: &RunReport,
    models: &[(&str, &[ScoredItem])],
    record: &RunRecord,
) -> Result<()> {
    let verdicts = verdicts::encode(models)?;
    let record = serde_json::to_value(record)
        .map_err(|e| Error::bad_input("failed to encode run.json").caused_by(e))?;
    let mut files = vec![("verdicts.parquet", verdicts)];
    files.extend(reports(report)?);
    // Last, so that its presence says that the others are complete.
    files.push(("run.json", json_text(&record).into_bytes()));
    files::write_together(dir, &files)
}

/// What follows from the verdicts, again.
pub fn write_reports(dir: &Path, report: &RunReport) -> Result<()> {
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

/// This process, as the journal and `run.json` have it.
pub fn session(computing: &Backend, started: SystemTime) -> Session {
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
    computing: &Backend,
    definition: Option<&Definition>,
    plan: &Fingerprint,
    files: &Files,
    whole: &Whole,
    scored: &[Scored],
    sessions: &[Session],
) -> RunRecord {
    let recorded = |(file, hash): (&InputFile, &String)| DataFile {
        path: file.path(),
        sha256: hash.clone(),
    };
    RunRecord {
        schema: SCHEMA,
        tool: Tool::this(),
        plan: Plan {
            benchmark: args.benchmark.clone(),
            definition: definition.cloned(),
            subsets: args.subsets.clone(),
            limit: args.limit,
            batch_tokens: computing.limits.batch_tokens,
            device: computing.devices.short_name(),
            dtype: computing.precision.name().to_owned(),
            int8_batch: args.int8_batch,
            against: args.against.baseline.clone(),
            gate: args.against.gates.clone(),
            seed: args.against.baseline.is_some().then_some(args.against.seed),
            published: args.published.clone(),
            cache: !args.no_cache,
            fingerprint: Some(plan.digest()),
            content: Some(plan.clone()),
        },
        dataset: files.dataset.as_ref().map(ToString::to_string),
        data: files.files.iter().zip(&plan.data).map(recorded).collect(),
        models: scored
            .iter()
            .zip(&plan.models)
            .map(|(scored, plan)| model(scored, plan.digest()))
            .collect(),
        host: Host::this(),
        sessions: sessions.to_vec(),
        started: sessions.first().map(|session| session.started),
        ended: Some(unix(SystemTime::now())),
        whole: plan.shard.is_some().then(|| whole.clone()),
        shards: Vec::new(),
    }
}

fn model(scored: &Scored, fingerprint: String) -> ModelRecord {
    let not_scored = |item: &ScoredItem| {
        let reason = item.outcome.reason()?.to_owned();
        Some(NotScored {
            row: item.row,
            reason,
        })
    };
    ModelRecord {
        name: scored.checkpoint.name.clone(),
        facts: scored.checkpoint.facts.clone(),
        fingerprint: Some(fingerprint),
        tokens: scored.spent.tokens,
        seconds: scored.spent.seconds,
        halved: scored.spent.halved,
        again_in_f32: scored.spent.again,
        pairs: scored.verdicts.len(),
        resumed: scored.resumed,
        cached: scored.cached,
        not_scored: scored.verdicts.iter().filter_map(not_scored).collect(),
    }
}

/// Seconds since 1970.
fn unix(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs_f64()
}
