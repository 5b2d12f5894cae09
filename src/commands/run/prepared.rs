//! Everything that a run needs, found and checked before the first item is scored.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::benchmark::published::PublishedChoice;
use crate::benchmark::{Benchmark, Definition, Files, quickstart};
use crate::checkpoint::{Checkpoint, CheckpointFiles, ModelSpec};
use crate::commands::run::against::Against;
use crate::commands::run::counterparts;
use crate::commands::run::f32_run::F32Run;
use crate::commands::run::request::RunRequest;
use crate::commands::threads::use_threads;
use crate::data::selection::{self, Selected};
use crate::data::{self, ColumnMap, Comparisons, Item};
use crate::device::backend::{Backend, DtypeChoice};
use crate::scoring::fingerprint::{Fingerprint, ModelFingerprint};
use crate::scoring::run_dir::output;
use crate::scoring::run_dir::record::Whole;
use crate::scoring::{self, Prepared as PreparedItem};
use crate::support::count::count;
use crate::support::error::{Error, Result};
use crate::support::hub::Hub;
use crate::support::input_file::{InputFile, STANDARD_INPUT, STDIN};
use crate::support::lock::Lock;
use crate::support::terminal::{say, say_if_verbose};

/// A run that can begin.
pub struct Prepared<'a> {
    pub(crate) request: &'a RunRequest,
    pub(crate) started: SystemTime,
    pub(crate) backend: Backend,
    pub(crate) benchmark: Option<Benchmark>,
    /// What is published, to put beside the measured columns.
    pub(crate) published: Option<PublishedChoice>,
    /// An f32 run of the same models.
    pub(crate) f32_run: Option<F32Run>,
    pub(crate) data: Files,
    /// Which of their columns are which.
    pub(crate) map: ColumnMap,
    /// The whole run, of which this may be a shard.
    pub(crate) whole: Whole,
    /// What is scored, for the heading of the report.
    pub(crate) title: String,
    /// Why that is not the whole run.
    pub(crate) part: Option<String>,
    pub(crate) items: Vec<Item>,
    /// What the data has besides.
    pub(crate) others: Option<String>,
    pub(crate) checkpoints: Vec<Checkpoint>,
    pub(crate) fingerprint: Fingerprint,
    /// A gate that may end the run.
    pub(crate) against: Option<Against>,
    /// Of the output directory, as long as the run lasts.
    _lock: Option<Lock>,
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(request: &'a RunRequest) -> Result<Self> {
        let started = SystemTime::now();
        use_threads(request.threads)?;
        request.check()?;
        let against = Against::of(request)?;
        let f32_run = request.f32_run.as_deref().map(F32Run::open).transpose()?;
        let backend = Backend::open(&request.backend)?;
        let lock = lock(request)?;
        let published = request.published.as_deref();
        let published = published.map(PublishedChoice::find).transpose()?;
        let benchmark = benchmark(request)?;
        let hub = request.hub.open();
        let data = files(request, benchmark.as_ref(), &hub)?;
        let map = ColumnMap::or_of(&request.map, benchmark.as_ref())?;
        let loaded = data::load_all(&data.files, &map)?;
        let remarks = loaded.remarks();
        let Selected {
            items,
            partial,
            others,
        } = selection::select(loaded.items, &request.selection, benchmark.as_ref())?;
        check_verified(request, &items, benchmark.as_ref())?;
        check_several(request, &items)?;
        let others: Vec<String> = remarks.into_iter().chain(others).collect();
        let others = Some(others.join("; ")).filter(|others| !others.is_empty());
        if let Some(others) = &others {
            say(others);
        }
        let whole = Whole {
            title: title(request, benchmark.as_ref(), &items),
            partial,
        };
        let checkpoints = checkpoints(request, &hub)?;
        counterparts::check(published.as_ref(), &checkpoints, benchmark.as_ref())?;
        let fingerprint = fingerprint(
            request,
            benchmark.as_ref(),
            &data,
            &items,
            &checkpoints,
            &backend,
            &map,
        )?;
        if let Some(run) = &f32_run {
            run.check(&fingerprint, &checkpoints, &items)?;
        }
        say_what_is_read(&checkpoints, &data, &fingerprint.data, &items);
        let (items, part) = divide(items, request, &checkpoints[0])?;
        let title = title(request, benchmark.as_ref(), &items);
        let mut prepared = Self {
            request,
            started,
            backend,
            benchmark,
            published,
            f32_run,
            data,
            map,
            whole,
            title,
            part,
            items,
            others,
            checkpoints,
            fingerprint,
            against: None,
            _lock: lock,
        };
        if let Some(against) = against {
            prepared.begin(against)?;
        }
        Ok(prepared)
    }

    /// Puts the items into the gate's order.
    fn begin(&mut self, mut against: Against) -> Result<()> {
        let items = std::mem::take(&mut self.items);
        let candidate = &self.checkpoints[0].name;
        let (reads, benchmark) = (&self.fingerprint, self.benchmark.as_ref());
        let (items, plan) = against.begin(candidate, reads, items, benchmark)?;
        self.items = items;
        self.fingerprint.gate = Some(plan);
        self.against = Some(against);
        Ok(())
    }

    /// What the run's record says of its benchmark.
    pub(crate) fn definition(&self) -> Option<Definition> {
        self.benchmark.as_ref().map(Benchmark::definition)
    }
}

/// Of the directory, if the run is to have one.
fn lock(request: &RunRequest) -> Result<Option<Lock>> {
    let out = request.out.as_deref();
    out.map(|dir| output::claim(dir, request.existing))
        .transpose()
}

/// The one that is named; the demonstration where nothing is.
fn benchmark(request: &RunRequest) -> Result<Option<Benchmark>> {
    match &request.benchmark {
        Some(name) => Benchmark::find(name).map(Some),
        None if request.data.is_empty() => Benchmark::quickstart().map(Some),
        None => Ok(None),
    }
}

/// The files with the items; those that are named replace the benchmark's own.
fn files(request: &RunRequest, benchmark: Option<&Benchmark>, hub: &Hub) -> Result<Files> {
    if !request.data.is_empty() {
        let file = |path: &PathBuf| match path.to_str() {
            Some(STDIN) => InputFile::stdin(),
            _ => Ok(path.as_path().into()),
        };
        let files = request.data.iter().map(file).collect::<Result<_>>()?;
        return Ok(Files {
            files,
            dataset: None,
        });
    }
    let files = benchmark
        .map(|benchmark| benchmark.files(hub))
        .transpose()?
        .unwrap_or_default();
    if files.files.is_empty() {
        let name = benchmark.map_or("", |benchmark| &benchmark.name);
        let what = format!("failed to find the pairs of benchmark: {name}");
        return Err(Error::usage(what).hint("give its files with --data"));
    }
    Ok(files)
}

/// `--dtype verified` proves the sign of margins, which some metrics do not go by.
fn check_verified(
    request: &RunRequest,
    items: &[Item],
    benchmark: Option<&Benchmark>,
) -> Result<()> {
    let counts_orders =
        |item: &&Item| Benchmark::metric_in(benchmark, &item.subset).counts_orders();
    match items.iter().find(counts_orders) {
        Some(item) if request.backend.dtype == DtypeChoice::Verified => Err(Error::usage(format!(
            "failed to understand --dtype verified: it proves the sign of margins, and the metric \
             of {} counts each order of the answers",
            item.subset
        ))
        .hint("take --dtype f32")),
        _ => Ok(()),
    }
}

/// Batches of `--int8-batch` are of pairs, and `--dtype verified` knows by the margin of a pair
/// what another precision could turn.
fn check_several(request: &RunRequest, items: &[Item]) -> Result<()> {
    let Some(item) = items.iter().find(|item| item.pair().is_none()) else {
        return Ok(());
    };
    let (flag, hint) = if request.backend.int8_batch.is_some() {
        (
            "--int8-batch",
            "leave it out: outlier columns are then those of each row",
        )
    } else if request.backend.dtype == DtypeChoice::Verified {
        ("--dtype verified", "take --dtype f32")
    } else {
        return Ok(());
    };
    Err(Error::usage(format!(
        "failed to understand {flag}: it is defined for pairs, and row {} has more answers than \
         two",
        item.row
    ))
    .hint(hint))
}

/// With `--verbose`: what a run reads. `sha256`: of each file of `data`.
fn say_what_is_read(checkpoints: &[Checkpoint], data: &Files, sha256: &[String], items: &[Item]) {
    for Checkpoint { name, facts, .. } in checkpoints {
        let commit = facts.commit.as_ref();
        let commit = commit.map_or_else(String::new, |commit| format!(", commit {commit}"));
        say_if_verbose(&format!(
            "{name}: {}{commit}, template {} from {}",
            facts.spec, facts.template, facts.template_from
        ));
    }
    for (file, sha256) in data.files.iter().zip(sha256) {
        say_if_verbose(&format!("{}: SHA-256 {sha256}", file.path().display()));
    }
    say_if_verbose(&format!("{} pairs are selected", items.len()));
}

fn title(request: &RunRequest, benchmark: Option<&Benchmark>, items: &[Item]) -> String {
    let name = |path: &PathBuf| match path.to_str() {
        Some(STDIN) => STANDARD_INPUT.to_owned(),
        _ => path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
    };
    let names: Vec<String> = request.data.iter().map(name).collect();
    let data = Some(names.join(" + ")).filter(|names| !names.is_empty());
    let benchmark = benchmark.map(|benchmark| benchmark.name.clone());
    let parts: Vec<String> = benchmark.into_iter().chain(data).collect();
    let what = if items.iter().all(|item| item.pair().is_some()) {
        "pair"
    } else {
        "item"
    };
    format!("{}, {}", parts.join(": "), count(items.len(), what))
}

/// The models that are named; the embedded ones where none is, which is said.
fn models(request: &RunRequest) -> Result<Vec<ModelSpec>> {
    if !request.models.is_empty() {
        return Ok(request.models.clone());
    }
    say(
        "These are three tiny demonstration models. Real ones: pairbench run --model \
         llm-blender/PairRM-hf --benchmark reward-bench",
    );
    let embedded = quickstart::checkpoints();
    embedded
        .map(|path| path.parse().map_err(|e: String| Error::usage(e)))
        .collect()
}

/// Each model with its files: once, or under every contract that it can take.
fn columns(request: &RunRequest, hub: &Hub) -> Result<Vec<(ModelSpec, CheckpointFiles)>> {
    let mut columns = Vec::new();
    for spec in models(request)? {
        let files = spec.resolve(hub, request.hub.revision.as_deref())?;
        if request.every_contract && spec.template.is_none() {
            let checkpoint = Checkpoint::open_under_any(&spec, files.clone())?;
            let under = |contract| (spec.under(contract), files.clone());
            columns.extend(checkpoint.contracts().into_iter().map(under));
        } else {
            columns.push((spec, files));
        }
    }
    Ok(columns)
}

/// Every model's files but the weights read and checked, the weights hashed.
fn checkpoints(request: &RunRequest, hub: &Hub) -> Result<Vec<Checkpoint>> {
    let mut checkpoints: Vec<Checkpoint> = Vec::new();
    for (spec, files) in columns(request, hub)? {
        let mut checkpoint = Checkpoint::open(&spec, files, request.contract)?;
        if checkpoints
            .iter()
            .any(|other| other.name == checkpoint.name)
        {
            let what = format!("failed to name models: two are called {}", checkpoint.name);
            return Err(Error::usage(what).hint("name them: --model NAME=SPEC"));
        }
        checkpoint.identify()?;
        checkpoints.push(checkpoint);
    }
    Ok(checkpoints)
}

fn fingerprint(
    request: &RunRequest,
    benchmark: Option<&Benchmark>,
    data: &Files,
    items: &[Item],
    checkpoints: &[Checkpoint],
    backend: &Backend,
    map: &ColumnMap,
) -> Result<Fingerprint> {
    let of_model = |checkpoint: &Checkpoint| {
        ModelFingerprint::new(checkpoint, backend, request.backend.int8_batch)
    };
    let models = checkpoints.iter().map(of_model).collect();
    let mut fingerprint = Fingerprint::new(benchmark, data, items, models, request.shard)?;
    fingerprint.map = map.recorded();
    fingerprint.pairs_of = request.selection.star.then_some(Comparisons::Star);
    Ok(fingerprint)
}

/// The items of `--shard`, and how to call them. Tokens are the first model's: every model gets the
/// same items.
fn divide(
    items: Vec<Item>,
    request: &RunRequest,
    checkpoint: &Checkpoint,
) -> Result<(Vec<Item>, Option<String>)> {
    let Some(shard) = request.shard else {
        return Ok((items, None));
    };
    let Checkpoint {
        template,
        tokenizer,
        config,
        ..
    } = checkpoint;
    let mut tokens = Vec::with_capacity(items.len());
    // In pieces, so that not all ids are in memory at once.
    for piece in items.chunks(1024) {
        let prepared = scoring::prepare(piece, *template, tokenizer, config)?;
        tokens.extend(prepared.iter().map(PreparedItem::work));
    }
    let all = items.len();
    let group = request.backend.int8_batch.map_or(1, |n| n as usize);
    let part = shard.take(items, &tokens, group).map_err(|groups| {
        let of = if group == 1 {
            count(groups, "pair")
        } else {
            format!("{} of {group} pairs", count(groups, "group"))
        };
        let what = format!(
            "failed to divide the pairs: {}, but {of}",
            count(shard.of, "shard")
        );
        Error::usage(what).hint("take fewer shards")
    })?;
    let said = format!("shard {shard}: {} of {}", part.len(), count(all, "pair"));
    Ok((part, Some(said)))
}
