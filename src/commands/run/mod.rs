//! One run, from what was typed to the table: the table of contents of the program.

mod against;
pub mod outputs;
mod resume;
mod selection;
mod session;

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::benchmark::published::Published;
use crate::benchmark::quickstart;
use crate::benchmark::{Benchmark, Dataset, Files};
use crate::checkpoint::Precision;
use crate::checkpoint::{Checkpoint, ModelSpec};
use crate::cli::{DtypeArg, Format, RunArgs};
use crate::comparison;
use crate::comparison::leaderboard::{Column, SideBySide};
use crate::data;
use crate::data::Item;
use crate::data::excerpt;
use crate::data::excerpt::Texts;
use crate::device::backend::Backend;
use crate::metrics;
use crate::metrics::Tally;
use crate::metrics::length_baseline::rulers;
use crate::report;
use crate::report::{ModelReport, Report, Style};
use crate::scoring::ScoredItem;
use crate::scoring::fingerprint::{Fingerprint, ModelFingerprint};
use crate::scoring::journal::Journal;
use crate::scoring::run_dir::RunDir;
use crate::scoring::run_dir::record::Whole;
use crate::support::error::{Error, Kind, Result};
use crate::support::hub::Hub;
use crate::support::lock::Lock;
use crate::support::terminal::say;
use against::Against;
use session::{Scored, ScoringSession};

/// What a finished run leaves behind.
pub struct Finished {
    /// The text for stdout.
    pub text: String,
    /// Set when pairs could not be scored: the run is complete, but not clean.
    pub complaint: Option<Error>,
}

/// Scores every model on every pair. Nothing is computed before everything that can be checked is.
pub fn run(args: &RunArgs) -> Result<Finished> {
    let started = SystemTime::now();
    use_threads(args.threads)?;
    check(args)?;
    let mut against = Against::of(args)?;
    let exact = args.f32_run.as_deref().map(RunDir::open).transpose()?;
    let computing = Backend::open(&args.computing.request(args.batch_tokens, args.int8_batch))?;
    let _lock = args.out.as_deref().map(Lock::take).transpose()?;
    let table = args.published.as_deref().map(Published::find).transpose()?;
    let benchmark = match &args.benchmark {
        Some(name) => Some(Benchmark::find(name)?),
        None if args.data.is_empty() => Some(Benchmark::quickstart()?),
        None => None,
    };
    let hub = Hub::new(args.hub.offline);
    let data = data_files(args, benchmark.as_ref(), &hub)?;
    let (pairs, partial) = selection::select(data::load(&data.files)?, args, benchmark.as_ref())?;
    let whole = Whole {
        title: title(args, benchmark.as_ref(), &pairs),
        partial,
    };
    let checkpoints = checkpoints(args, &hub)?;
    if let Some(missing) = exact.as_ref().and_then(|run| {
        checkpoints
            .iter()
            .find(|c| run.verdicts_of(&c.name).is_none())
    }) {
        return Err(Error::usage(format!(
            "failed to find model {} in the f32 run",
            missing.name
        ))
        .hint("name the models as in that run: --model NAME=SPEC"));
    }
    let models = checkpoints
        .iter()
        .map(|checkpoint| ModelFingerprint::new(checkpoint, computing.precision, args.int8_batch))
        .collect();
    let plan = Fingerprint::new(benchmark.as_ref(), &data, &pairs, models, args.shard)?;
    let (mut pairs, part) = selection::shard(pairs, args, &checkpoints[0])?;
    let title = title(args, benchmark.as_ref(), &pairs);
    let definition = benchmark.as_ref().map(Benchmark::definition);

    let mut early = None;
    if let (Some(against), [candidate]) = (&mut against, checkpoints.as_slice()) {
        let (asked, order) = against.begin(
            &candidate.name,
            &data,
            pairs,
            benchmark.as_ref(),
            definition.as_ref(),
        )?;
        (early, pairs) = (Some(asked), order);
    }
    let mut desk = ScoringSession::open(
        args,
        &plan,
        &computing,
        outputs::session(&computing, started),
    )?;
    let mut scored = Vec::new();
    for (at, checkpoint) in checkpoints.into_iter().enumerate() {
        scored.push(desk.score(at, checkpoint, &pairs, early.as_mut())?);
    }
    let answer = early
        .zip(scored.first_mut())
        .map(|(early, candidate)| {
            against::answer(&early, candidate, &mut pairs, benchmark.as_ref())
        })
        .transpose()?;
    let why = whole
        .partial
        .iter()
        .cloned()
        .chain(part)
        .chain(answer.as_ref().and_then(against::partial));
    let partial = Some(why.collect::<Vec<_>>().join("; ")).filter(|why| !why.is_empty());

    let columns = columns(&scored);
    let dataset = data.dataset.clone();
    let mut report = report(
        Whole { title, partial },
        dataset,
        &columns,
        benchmark.as_ref(),
        table.as_ref(),
        rulers(&pairs),
    );
    match &exact {
        Some(run) => report
            .notes
            .extend(turned(run, &scored, &plan, computing.precision)?),
        None if args.computing.dtype == DtypeArg::Int8 => report.notes.extend(
            scored
                .iter()
                .map(|s| int8_doubt(&s.checkpoint.name, &s.verdicts)),
        ),
        None => {}
    }
    // Only a page shows it.
    if args.out.is_some() || args.format == Format::Html {
        report.side_by_side = Some(side_by_side(
            &report,
            &columns,
            benchmark.as_ref(),
            &Ok(excerpt::by_row(pairs)),
        ));
    }
    if let Some(dir) = &args.out {
        match desk.close(&scored) {
            Some((sessions, journal)) => {
                let record = outputs::record(
                    args,
                    &computing,
                    definition.as_ref(),
                    &plan,
                    &data,
                    &whole,
                    &scored,
                    &sessions,
                );
                outputs::write(dir, &report, &columns, &record)?;
                journal.map_or(Ok(()), Journal::remove)?;
            }
            None => outputs::write_reports(dir, &report)?,
        }
        say(&format!(
            "wrote run.json, verdicts.parquet, summary.json, report.md and report.html to {}",
            dir.display()
        ));
    }
    let complaint = complaint(&report);
    Ok(match against.zip(answer) {
        Some((against, answer)) => against.finished(args, &report, answer, complaint),
        None => Finished {
            text: rendered(&report, args.format),
            complaint,
        },
    })
}

/// Flags that cannot go together.
fn check(args: &RunArgs) -> Result<()> {
    if args.int8_batch.is_some() && args.computing.dtype != DtypeArg::Int8 {
        return Err(Error::usage(
            "failed to understand --int8-batch: it goes with --dtype int8",
        ));
    }
    if args.resume && args.out.is_none() {
        return Err(Error::usage(
            "failed to understand --resume: it goes with --out DIR, the directory of the run",
        ));
    }
    if args.shard.is_some() && args.f32_run.is_some() {
        return Err(Error::usage("failed to understand --shard: verdicts are compared with an f32 run once the shards are merged")
            .hint("`pairbench compare` does that, too"));
    }
    Ok(())
}

/// Every model's files but the weights, read, checked and hashed.
fn checkpoints(args: &RunArgs, hub: &Hub) -> Result<Vec<Checkpoint>> {
    let mut checkpoints: Vec<Checkpoint> = Vec::new();
    for spec in models(args)? {
        let mut checkpoint = Checkpoint::open(
            &spec,
            spec.resolve(hub, args.hub.revision.as_deref())?,
            args.template,
        )?;
        if checkpoints
            .iter()
            .any(|other| other.name == checkpoint.name)
        {
            return Err(Error::usage(format!(
                "failed to name models: two are called {}",
                checkpoint.name
            ))
            .hint("name them: --model NAME=SPEC"));
        }
        checkpoint.identify()?;
        checkpoints.push(checkpoint);
    }
    Ok(checkpoints)
}

/// Each model's name and verdicts.
fn columns(scored: &[Scored]) -> Vec<(&str, &[ScoredItem])> {
    scored
        .iter()
        .map(|s| (s.checkpoint.name.as_str(), s.verdicts.as_slice()))
        .collect()
}

/// What models' verdicts say; `models` are names with their verdicts.
pub fn report(
    whole: Whole,
    dataset: Option<Dataset>,
    models: &[(&str, &[ScoredItem])],
    benchmark: Option<&Benchmark>,
    table: Option<&Published>,
    rulers: [(&str, BTreeMap<String, Tally>); 2],
) -> Report {
    let models = models
        .iter()
        .map(|(name, verdicts)| ModelReport::new(name, verdicts, benchmark, table))
        .collect();
    Report {
        title: whole.title,
        partial: whole.partial,
        dataset,
        models,
        ..Report::about(benchmark, rulers)
    }
}

/// What only a page shows; `models` as in `report`.
pub fn side_by_side(
    report: &Report,
    models: &[(&str, &[ScoredItem])],
    benchmark: Option<&Benchmark>,
    texts: &Texts,
) -> SideBySide {
    let columns: Vec<Column> = report
        .models
        .iter()
        .zip(models)
        .map(|(model, (_, verdicts))| Column {
            average: model.scores.average.accuracy,
            verdicts,
        })
        .collect();
    SideBySide::new(&columns, true, benchmark, texts)
}

/// The text for stdout.
pub fn rendered(report: &Report, format: Format) -> String {
    match format {
        Format::Table => report::table(report, Style::of_stdout()),
        Format::Markdown => report::markdown(report),
        Format::Html => report::html(report),
        Format::Csv => report::csv(report),
        Format::Json => report::document(&report::json(report)),
        Format::Latex => report::latex(report),
        Format::Junit => report::junit(report),
        Format::Github => report::github(report),
    }
}

/// How many verdicts the precision has turned, by model.
fn turned(
    exact: &RunDir,
    scored: &[Scored],
    plan: &Fingerprint,
    precision: Precision,
) -> Result<Vec<String>> {
    let same_data = exact
        .record
        .data
        .iter()
        .map(|file| &file.sha256)
        .eq(&plan.data);
    let line = |s: &Scored| {
        let before = exact.verdicts_of(&s.checkpoint.name).unwrap_or_default();
        let (turned, n) = comparison::turned(before, &s.verdicts, same_data)?;
        Ok(format!(
            "{}: {} turns {turned} of {n} verdicts of the f32 run",
            s.checkpoint.name,
            precision.name()
        ))
    };
    scored.iter().map(line).collect()
}

/// How many verdicts 8 bits may have turned. On the golden pairs LLM.int8() moves margins by at
/// most a third of their standard deviation (SPEC F.4: 0.10 of 0.31).
pub fn int8_doubt(name: &str, verdicts: &[ScoredItem]) -> String {
    let (within, n) = metrics::margins_within(verdicts, 1.0 / 3.0);
    format!(
        "{name}: int8 puts {within} of {n} verdicts in doubt: their margins lie within a third of the margins' standard deviation of 0"
    )
}

/// Files given with `--data` replace the benchmark's own.
fn data_files(args: &RunArgs, benchmark: Option<&Benchmark>, hub: &Hub) -> Result<Files> {
    if !args.data.is_empty() {
        return Ok(Files {
            files: args.data.iter().map(|path| path.as_path().into()).collect(),
            dataset: None,
        });
    }
    let files = benchmark
        .map(|benchmark| benchmark.files(hub))
        .transpose()?
        .unwrap_or_default();
    if files.files.is_empty() {
        let name = benchmark.map_or("", |b| b.name.as_str());
        return Err(
            Error::usage(format!("failed to find the pairs of benchmark: {name}"))
                .hint("give its files with --data"),
        );
    }
    Ok(files)
}

/// The models to score; without `--model` the embedded ones, which is said.
fn models(args: &RunArgs) -> Result<Vec<ModelSpec>> {
    if !args.models.is_empty() {
        return Ok(args.models.clone());
    }
    say(
        "These are two tiny demonstration models. Real ones: pairbench run --model llm-blender/PairRM-hf --benchmark reward-bench",
    );
    quickstart::checkpoints()
        .map(|path| path.parse().map_err(|e: String| Error::usage(e)))
        .collect()
}

fn title(args: &RunArgs, benchmark: Option<&Benchmark>, pairs: &[Item]) -> String {
    let files: Vec<String> = args
        .data
        .iter()
        .map(|p| {
            p.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let parts: Vec<String> = benchmark
        .map(|b| b.name.clone())
        .into_iter()
        .chain((!files.is_empty()).then(|| files.join(" + ")))
        .collect();
    format!("{}, {} pairs", parts.join(": "), pairs.len())
}

pub fn complaint(report: &Report) -> Option<Error> {
    let invalid: Vec<String> = report
        .models
        .iter()
        .filter(|m| m.scores.total.invalid > 0)
        .map(|m| format!("{} {}", m.scores.total.invalid, m.name))
        .collect();
    (!invalid.is_empty()).then(|| {
        Error::new(
            Kind::Numerical,
            format!(
                "failed to score every pair: invalid verdicts: {}",
                invalid.join(", ")
            ),
        )
        .hint("the report lists the first pairs and why; they count as not correct")
    })
}

/// Without the flag rayon starts one per core by itself.
pub fn use_threads(threads: usize) -> Result<()> {
    if threads == 0 {
        return Ok(());
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|e| Error::new(Kind::Resources, "failed to start threads").caused_by(e))
}
