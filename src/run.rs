//! One run, from what was typed to the table: the table of contents of the program.

mod outputs;

use std::time::{Instant, SystemTime};

use burn::tensor::Device;
use globset::{Glob, GlobSetBuilder};
use indicatif::{ProgressBar, ProgressStyle};

use crate::benchmark::Benchmark;
use crate::checkpoint::{Checkpoint, ModelSpec};
use crate::cli::{Format, RunArgs};
use crate::dataset::{self, Pair};
use crate::error::{Error, Kind, Result, one_line};
use crate::files::InputFile;
use crate::fsio;
use crate::metrics::Summary;
use crate::quickstart;
use crate::report::{self, ModelReport, Report};
use crate::score::{self, Limits, Verdict};

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
    if let Some(dir) = &args.out {
        fsio::writable_dir(dir)?;
    }
    let benchmark = match &args.benchmark {
        Some(name) => Some(Benchmark::find(name)?),
        None if args.data.is_empty() => Some(Benchmark::quickstart()?),
        None => None,
    };
    let data = data_files(args, benchmark.as_ref())?;
    let pairs = select(dataset::load(&data)?, args, benchmark.as_ref())?;
    let title = title(args, benchmark.as_ref(), &pairs);
    // Sections of well-known subsets are shown without being asked for.
    let benchmark = benchmark.unwrap_or_else(Benchmark::reward_bench);
    let mut checkpoints = Vec::new();
    for spec in models(args)? {
        let checkpoint = Checkpoint::open(&spec, args.template)?;
        if checkpoints.iter().any(|other: &Checkpoint| other.name == checkpoint.name) {
            return Err(Error::usage(format!("failed to name models: two are called {}", checkpoint.name)).hint("name them: --model NAME=SPEC"));
        }
        checkpoints.push(checkpoint);
    }

    let mut scored = Vec::new();
    for checkpoint in checkpoints {
        scored.push(score_model(checkpoint, &pairs, args)?);
    }

    let models = scored.iter().map(|s| ModelReport::new(s.checkpoint.name.clone(), Summary::new(&s.verdicts, &benchmark), &s.verdicts));
    let report = Report { title, benchmark: benchmark.name.clone(), models: models.collect() };
    if let Some(dir) = &args.out {
        outputs::write(dir, args, &data, &report, &scored, started)?;
        say(&format!("wrote run.json, verdicts.parquet, summary.json and report.md to {}", dir.display()));
    }
    let text = match args.format {
        Format::Table => report::table(&report),
        Format::Markdown => report::markdown(&report),
        Format::Csv => report::csv(&report),
        Format::Json => format!("{:#}\n", report::json(&report)),
    };
    Ok(Finished { text, complaint: complaint(&report) })
}

fn score_model(mut checkpoint: Checkpoint, pairs: &[Pair], args: &RunArgs) -> Result<Scored> {
    let name = one_line(&checkpoint.name);
    let begun = Instant::now();
    let prepared = score::prepare(pairs, checkpoint.template, &checkpoint.tokenizer, &checkpoint.config)?;
    // The CPU is the only device so far; `Device::default()` would listen to BURN_DEVICE and panic.
    let model = checkpoint.load_model(&Device::flex())?;
    let tokens = score::work(&prepared);
    say(&format!(
        "{name}: {} pairs, {tokens} tokens, template {}, cpu, f32, loaded in {:.1} s",
        pairs.len(),
        checkpoint.template,
        begun.elapsed().as_secs_f64()
    ));
    let bar = progress_bar(&name, tokens);
    let begun = Instant::now();
    let limits = Limits { batch_tokens: args.batch_tokens as usize, ..Limits::default() };
    let verdicts = score::score(pairs, &prepared, &model, limits, |done| bar.inc(done as u64));
    bar.finish_and_clear();
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = tokens as f64 / seconds.max(1e-9);
    say(&format!("{name}: scored in {seconds:.1} s, {rate:.0} tokens/s"));
    Ok(Scored { checkpoint, verdicts, tokens, seconds })
}

/// The rows to score: the benchmark's subsets, those that match `--subset`, at most `--limit`.
fn select(pairs: Vec<Pair>, args: &RunArgs, benchmark: Option<&Benchmark>) -> Result<Vec<Pair>> {
    let mut globs = GlobSetBuilder::new();
    for pattern in &args.subsets {
        let glob = Glob::new(pattern).map_err(|e| Error::usage(format!("failed to parse --subset: {pattern}")).caused_by(e))?;
        globs.add(glob);
    }
    let globs = globs.build().map_err(|e| Error::usage("failed to parse --subset").caused_by(e))?;
    let found: std::collections::BTreeSet<String> = pairs.iter().map(|p| p.subset.clone()).collect();
    let wanted = |subset: &str| benchmark.is_none_or(|b| b.subsets.contains_key(subset)) && (globs.is_empty() || globs.is_match(subset));
    let mut selected: Vec<Pair> = pairs.into_iter().filter(|pair| wanted(&pair.subset)).collect();
    selected.truncate(args.limit.unwrap_or(usize::MAX));
    if selected.is_empty() {
        let shown: Vec<&str> = found.iter().take(30).map(String::as_str).collect();
        return Err(Error::usage("failed to select pairs: none is left").hint(format!("the data has the subsets: {}", shown.join(", "))));
    }
    Ok(selected)
}

/// Files given with `--data` replace the benchmark's own.
fn data_files(args: &RunArgs, benchmark: Option<&Benchmark>) -> Result<Vec<InputFile>> {
    let mut files: Vec<InputFile> = args.data.iter().map(|path| path.as_path().into()).collect();
    if files.is_empty() {
        files = benchmark.map(Benchmark::files).unwrap_or_default();
    }
    if files.is_empty() {
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
    let invalid: Vec<String> =
        report.models.iter().filter(|m| m.summary.total.invalid > 0).map(|m| format!("{} {}", m.summary.total.invalid, m.name)).collect();
    (!invalid.is_empty()).then(|| {
        Error::new(Kind::Numerical, format!("failed to score every pair: invalid verdicts: {}", invalid.join(", ")))
            .hint("the report lists the first pairs and why; they count as not correct")
    })
}

/// Without the flag rayon starts one per core by itself.
fn use_threads(threads: usize) -> Result<()> {
    if threads == 0 {
        return Ok(());
    }
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().map_err(|e| Error::new(Kind::Resources, "failed to start threads").caused_by(e))
}

/// A bar with rate and time left; nothing where stderr is not a terminal.
fn progress_bar(name: &str, tokens: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:30} {percent:>3} % {per_sec}, {eta} left").unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(tokens as u64).with_style(style).with_prefix(name.to_owned());
    bar.enable_steady_tick(std::time::Duration::from_millis(500));
    bar
}

#[expect(clippy::print_stderr, reason = "the one place that talks while a run goes on")]
fn say(line: &str) {
    eprintln!("{line}");
}
