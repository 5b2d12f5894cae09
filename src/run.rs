//! One run, from what was typed to the table: the table of contents of the program.

mod against;
mod outputs;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant, SystemTime};

use burn::tensor::Device;
use globset::{Glob, GlobSetBuilder};

use crate::benchmark::{Benchmark, Files};
use crate::checkpoint::{Checkpoint, ModelSpec};
use crate::cli::{DtypeArg, Format, RunArgs};
use crate::comparison;
use crate::dataset::{self, Pair};
use crate::early::Early;
use crate::error::{Error, Kind, Result, one_line};
use crate::excerpt;
use crate::fsio;
use crate::hub::Hub;
use crate::metrics;
use crate::published::Published;
use crate::quickstart;
use crate::report::{self, ModelReport, Report, Style};
use crate::ruler::rulers;
use crate::run_dir::RunDir;
use crate::score::{self, Limits, Verdict};
use crate::side_by_side::{Column, SideBySide};
use crate::talk::{self, say};
use against::Against;

/// What a finished run leaves behind.
pub struct Finished {
    /// The text for stdout.
    pub text: String,
    /// Set when pairs could not be scored: the run is complete, but not clean.
    pub complaint: Option<Error>,
}

/// A scored model.
struct Scored {
    checkpoint: Checkpoint,
    verdicts: Vec<Verdict>,
    tokens: usize,
    seconds: f64,
}

/// Scores every model on every pair. Nothing is computed before everything that can be checked is.
pub fn run(args: &RunArgs) -> Result<Finished> {
    let started = SystemTime::now();
    use_threads(args.threads)?;
    if args.int8_batch.is_some() && args.dtype != DtypeArg::Int8 {
        return Err(Error::usage("failed to understand --int8-batch: it goes with --dtype int8"));
    }
    let mut against = Against::of(args)?;
    let exact = args.f32_run.as_deref().map(RunDir::open).transpose()?;
    if let Some(dir) = &args.out {
        fsio::writable_dir(dir)?;
    }
    let table = args.published.as_deref().map(Published::find).transpose()?;
    let benchmark = match &args.benchmark {
        Some(name) => Some(Benchmark::find(name)?),
        None if args.data.is_empty() => Some(Benchmark::quickstart()?),
        None => None,
    };
    let hub = Hub::new(args.hub.offline);
    let data = data_files(args, benchmark.as_ref(), &hub)?;
    let (mut pairs, mut partial) = select(dataset::load(&data.files)?, args, benchmark.as_ref())?;
    let title = title(args, benchmark.as_ref(), &pairs);
    let definition = benchmark.as_ref().map(Benchmark::definition);
    // Sections of well-known subsets are shown without being asked for.
    let benchmark = benchmark.unwrap_or_else(Benchmark::reward_bench);
    let mut checkpoints = Vec::new();
    for spec in models(args)? {
        let checkpoint = Checkpoint::open(&spec, spec.resolve(&hub, args.hub.revision.as_deref())?, args.template)?;
        if checkpoints.iter().any(|other: &Checkpoint| other.name == checkpoint.name) {
            return Err(Error::usage(format!("failed to name models: two are called {}", checkpoint.name)).hint("name them: --model NAME=SPEC"));
        }
        checkpoints.push(checkpoint);
    }

    if let Some(missing) = exact.as_ref().and_then(|run| checkpoints.iter().find(|c| run.verdicts_of(&c.name).is_none())) {
        return Err(Error::usage(format!("failed to find model {} in the f32 run", missing.name)).hint("name the models as in that run: --model NAME=SPEC"));
    }

    let mut early = None;
    if let (Some(against), [candidate]) = (&mut against, checkpoints.as_slice()) {
        let (asked, order) = against.begin(&candidate.name, &data, pairs, &benchmark, definition.as_ref())?;
        (early, pairs) = (Some(asked), order);
    }
    let mut scored = Vec::new();
    for checkpoint in checkpoints {
        scored.push(score_model(checkpoint, &pairs, args, early.as_mut())?);
    }
    let answer = early.zip(scored.first_mut()).map(|(early, candidate)| against::answer(&early, candidate, &mut pairs, &benchmark)).transpose()?;
    partial = against::partial(partial, answer.as_ref());

    let models = scored.iter().map(|s| ModelReport::new(&s.checkpoint.name, &s.verdicts, &benchmark, table.as_ref()));
    let mut report = Report { title, partial, dataset: data.dataset.clone(), models: models.collect(), ..Report::about(&benchmark, rulers(&pairs)) };
    match &exact {
        Some(run) => report.notes.extend(turned(run, &scored, &data, args.dtype)?),
        None if args.dtype == DtypeArg::Int8 => report.notes.extend(scored.iter().map(|s| int8_doubt(&s.checkpoint.name, &s.verdicts))),
        None => {}
    }
    // Only a page shows it.
    if args.out.is_some() || args.format == Format::Html {
        report.side_by_side = Some(side_by_side(&report, &scored, &benchmark, pairs));
    }
    if let Some(dir) = &args.out {
        outputs::write(dir, args, definition.as_ref(), &data, &report, &scored, started)?;
        say(&format!("wrote run.json, verdicts.parquet, summary.json, report.md and report.html to {}", dir.display()));
    }
    let complaint = complaint(&report);
    Ok(match against.zip(answer) {
        Some((against, answer)) => against.finished(args, &report, answer, complaint),
        None => Finished { text: rendered(&report, args.format), complaint },
    })
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

/// `early` is shown the verdicts as they come, and may end the scoring; they are returned in the order of the data.
fn score_model(mut checkpoint: Checkpoint, pairs: &[Pair], args: &RunArgs, mut early: Option<&mut Early>) -> Result<Scored> {
    let name = one_line(&checkpoint.name);
    let begun = Instant::now();
    // The CPU is the only device so far; `Device::default()` would listen to BURN_DEVICE and panic.
    let model = checkpoint.load_model(&Device::flex(), args.dtype.precision(args.int8_batch))?;
    say(&format!(
        "{name}: {} pairs, template {}, cpu, {}, loaded in {:.1} s",
        pairs.len(),
        checkpoint.template,
        args.dtype.name(),
        begun.elapsed().as_secs_f64()
    ));
    let bar = talk::pair_bar(&name, pairs.len() as u64);
    let begun = Instant::now();
    let limits = Limits { batch_tokens: args.batch_tokens as usize, pairs: args.int8_batch.map(|n| n as usize), ..Limits::default() };
    let mut tokens = 0;
    let (mut verdicts, waited) = score::score(pairs, checkpoint.template, &checkpoint.tokenizer, &model, limits, |verdicts, more| {
        tokens += more;
        bar.inc(verdicts.len() as u64);
        bar.set_message(format!("{:.0} tokens/s", rate(tokens, begun.elapsed())));
        Ok(early.as_mut().map_or(ControlFlow::Continue(()), |early| early.see(verdicts)))
    })?;
    verdicts.sort_by_key(|verdict| verdict.row);
    bar.finish_and_clear();
    let elapsed = begun.elapsed();
    let seconds = elapsed.as_secs_f64();
    let waiting = 100.0 * waited / seconds.max(1e-9);
    say(&format!("{name}: scored in {seconds:.1} s, {tokens} tokens, {:.0} tokens/s, {waiting:.0} % waiting for tokens", rate(tokens, elapsed)));
    Ok(Scored { checkpoint, verdicts, tokens, seconds })
}

fn side_by_side(report: &Report, scored: &[Scored], benchmark: &Benchmark, pairs: Vec<Pair>) -> SideBySide {
    let columns: Vec<Column> =
        report.models.iter().zip(scored).map(|(model, s)| Column { average: model.scores.average.accuracy, verdicts: &s.verdicts }).collect();
    SideBySide::new(&columns, true, benchmark, &Ok(excerpt::by_row(pairs)))
}

/// Tokens a second.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(tokens: usize, elapsed: Duration) -> f64 {
    tokens as f64 / elapsed.as_secs_f64().max(1e-9)
}

/// How many verdicts the precision has turned, by model.
fn turned(exact: &RunDir, scored: &[Scored], data: &Files, dtype: DtypeArg) -> Result<Vec<String>> {
    let same_data = exact.has_read(&data.files)?;
    let line = |s: &Scored| {
        let before = exact.verdicts_of(&s.checkpoint.name).unwrap_or_default();
        let (turned, n) = comparison::turned(before, &s.verdicts, same_data)?;
        Ok(format!("{}: {} turns {turned} of {n} verdicts of the f32 run", s.checkpoint.name, dtype.name()))
    };
    scored.iter().map(line).collect()
}

/// How many verdicts 8 bits may have turned. On the golden pairs LLM.int8() moves margins by at most a
/// third of their standard deviation (SPEC F.4: 0.10 of 0.31).
fn int8_doubt(name: &str, verdicts: &[Verdict]) -> String {
    let (within, n) = metrics::margins_within(verdicts, 1.0 / 3.0);
    format!("{name}: int8 puts {within} of {n} verdicts in doubt: their margins lie within a third of the margins' standard deviation of 0")
}

/// The rows to score: the benchmark's subsets, those that match `--subset`, at most `--limit`; and
/// why that is not the whole benchmark, where it is not.
fn select(pairs: Vec<Pair>, args: &RunArgs, benchmark: Option<&Benchmark>) -> Result<(Vec<Pair>, Option<String>)> {
    let mut globs = GlobSetBuilder::new();
    for pattern in &args.subsets {
        let glob = Glob::new(pattern).map_err(|e| Error::usage(format!("failed to parse --subset: {pattern}")).caused_by(e))?;
        globs.add(glob);
    }
    let globs = globs.build().map_err(|e| Error::usage("failed to parse --subset").caused_by(e))?;
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for pair in &pairs {
        *found.entry(pair.subset.clone()).or_default() += 1;
    }
    let matches = |subset: &str| globs.is_empty() || globs.is_match(subset);
    let wanted = |subset: &str| benchmark.is_none_or(|b| b.subsets.contains_key(subset)) && matches(subset);
    let mut selected: Vec<Pair> = pairs.into_iter().filter(|pair| wanted(&pair.subset)).collect();
    if selected.is_empty() {
        let shown: Vec<&str> = found.keys().take(30).map(String::as_str).collect();
        return Err(Error::usage("failed to select pairs: none is left").hint(format!("the data has the subsets: {}", shown.join(", "))));
    }
    let mut partial = Vec::new();
    if let Some(benchmark) = benchmark {
        let expected: Vec<(&String, usize)> = benchmark.subsets.iter().map(|(name, n)| (name, *n)).filter(|(name, _)| matches(name)).collect();
        if expected.len() < benchmark.subsets.len() {
            partial.push(format!("{} of {} subsets (--subset)", expected.len(), benchmark.subsets.len()));
        }
        partial.extend(miscounts(&expected, &found, args.allow_partial)?);
    }
    let all = selected.len();
    selected.truncate(args.limit.unwrap_or(all));
    if selected.len() < all {
        partial.push(format!("the first {} of {all} pairs (--limit)", selected.len()));
    }
    Ok((selected, (!partial.is_empty()).then(|| partial.join("; "))))
}

/// Subsets whose number of pairs is not the expected one: an error, or a remark if that is allowed.
fn miscounts(expected: &[(&String, usize)], found: &BTreeMap<String, usize>, allowed: bool) -> Result<Option<String>> {
    let count = |name: &str| found.get(name).copied().unwrap_or(0);
    let wrong: Vec<String> = expected.iter().filter(|(name, n)| count(name) != *n).map(|(name, n)| format!("{name} {} of {n}", count(name))).collect();
    if wrong.is_empty() {
        return Ok(None);
    }
    let text = format!("{} of {} subsets have not the pairs that the definition counts: {}", wrong.len(), expected.len(), wrong.join(", "));
    if allowed {
        return Ok(Some(text));
    }
    Err(Error::bad_input("failed to match the benchmark: the data is not whole")
        .caused_by(text)
        .hint("give all of its data, or score what is there with --allow-partial; the report will say PARTIAL"))
}

/// Files given with `--data` replace the benchmark's own.
fn data_files(args: &RunArgs, benchmark: Option<&Benchmark>, hub: &Hub) -> Result<Files> {
    if !args.data.is_empty() {
        return Ok(Files { files: args.data.iter().map(|path| path.as_path().into()).collect(), dataset: None });
    }
    let files = benchmark.map(|benchmark| benchmark.files(hub)).transpose()?.unwrap_or_default();
    if files.files.is_empty() {
        let name = benchmark.map_or("", |b| b.name.as_str());
        return Err(Error::usage(format!("failed to find the pairs of benchmark: {name}")).hint("give its files with --data"));
    }
    Ok(files)
}

/// The models to score; without `--model` the embedded ones, which is said.
fn models(args: &RunArgs) -> Result<Vec<ModelSpec>> {
    if !args.models.is_empty() {
        return Ok(args.models.clone());
    }
    say("These are two tiny demonstration models. Real ones: pairbench run --model llm-blender/PairRM-hf --benchmark reward-bench");
    quickstart::checkpoints().map(|path| path.parse().map_err(|e: String| Error::usage(e))).collect()
}

fn title(args: &RunArgs, benchmark: Option<&Benchmark>, pairs: &[Pair]) -> String {
    let files: Vec<String> = args.data.iter().map(|p| p.file_name().unwrap_or_default().to_string_lossy().into_owned()).collect();
    let parts: Vec<String> = benchmark.map(|b| b.name.clone()).into_iter().chain((!files.is_empty()).then(|| files.join(" + "))).collect();
    format!("{}, {} pairs", parts.join(": "), pairs.len())
}

fn complaint(report: &Report) -> Option<Error> {
    let invalid: Vec<String> = report.models.iter().filter(|m| m.scores.total.invalid > 0).map(|m| format!("{} {}", m.scores.total.invalid, m.name)).collect();
    (!invalid.is_empty()).then(|| {
        Error::new(Kind::Numerical, format!("failed to score every pair: invalid verdicts: {}", invalid.join(", ")))
            .hint("the report lists the first pairs and why; they count as not correct")
    })
}

/// Without the flag rayon starts one per core by itself.
pub fn use_threads(threads: usize) -> Result<()> {
    if threads == 0 {
        return Ok(());
    }
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().map_err(|e| Error::new(Kind::Resources, "failed to start threads").caused_by(e))
}
