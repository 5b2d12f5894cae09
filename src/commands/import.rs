//! `pairbench import`: other programs' result files → a run directory.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::benchmark::Benchmark;
use crate::commands::run::{outputs, unix};
use crate::commands::run_report;
use crate::data::selection::miscounts;
use crate::data::{self, ColumnMap, DataFile, Item, metric_shape, pair_texts};
use crate::metrics::length_baseline::length_baselines;
use crate::report::Format;
use crate::scoring::fingerprint::margins_of;
use crate::scoring::imported::{self, ImportedColumn};
use crate::scoring::run_dir::output;
use crate::scoring::run_dir::record::{Host, ModelRecord, Plan, RunRecord, SCHEMA, Tool, Whole};
use crate::scoring::run_dir::verdict_source::VerdictSource;
use crate::scoring::{ScoredItem, journal};
use crate::support::count::count;
use crate::support::error::{Error, Result};
use crate::support::existing::Existing;
use crate::support::input_file::InputFile;
use crate::support::terminal::say;

/// What a record says that nobody knows.
const UNKNOWN: &str = "unknown";

/// Result files to import.
#[derive(Debug)]
pub struct ImportRequest {
    /// `[NAME=]FILE`
    pub(crate) files: Vec<OsString>,
    pub(crate) out: PathBuf,
    pub(crate) existing: Existing,
    /// A name or a file.
    pub(crate) benchmark: Option<String>,
    /// The items that were scored.
    pub(crate) data: Vec<PathBuf>,
    pub(crate) map: ColumnMap,
    /// Take what is there although its counts differ from the benchmark's.
    pub(crate) allow_partial: bool,
    pub(crate) format: Format,
}

/// The items that were scored, and the files that they are in.
struct Data {
    items: Vec<Item>,
    files: Vec<DataFile>,
}

pub(crate) fn import(request: &ImportRequest) -> Result<String> {
    let benchmark = request.benchmark.as_deref();
    let benchmark = benchmark.map(Benchmark::find).transpose()?;
    let _lock = output::claim(&request.out, request.existing)?;
    if request.existing != Existing::Overwrite {
        output::is_free(&request.out)?;
    }
    let files = request.files.iter().map(|typed| {
        let (name, path) = named(typed);
        let (record, file) = imported::read(path)?;
        Ok((name, record, file))
    });
    let columns = imported::columns(files.collect::<Result<_>>()?)?;
    let data = data(request, benchmark.as_ref())?;
    let items = data.as_ref().map(|data| data.items.as_slice());
    let aligned = imported::aligned(&columns, items, benchmark.as_ref())?;
    let models: Vec<(&str, &[ScoredItem])> = columns
        .iter()
        .zip(&aligned)
        .map(|(column, scored)| (column.name.as_str(), scored.as_slice()))
        .collect();
    let whole = whole(request, benchmark.as_ref(), &aligned)?;
    let record = record(
        request,
        benchmark.as_ref(),
        data.as_ref(),
        &columns,
        &aligned,
    );
    // A column of lengths would be of other pairs than the models' where they have not all of them.
    let rulers = items.filter(|items| aligned.iter().all(|own| own.len() == items.len()));
    let rulers = rulers.map(length_baselines).unwrap_or_default();
    let benchmark = benchmark.as_ref();
    let mut report = run_report::report(whole, None, &models, benchmark, &record, rulers);
    let texts = match data {
        Some(data) => Ok(pair_texts::by_row(data.items)),
        None => pair_texts::read_again(&record.data),
    };
    let side_by_side = run_report::side_by_side(&report, &models, benchmark, &texts);
    report.side_by_side = Some(side_by_side);
    outputs::write_all(&request.out, &report, &models, &record)?;
    journal::discard(&request.out)?;
    say(&format!(
        "imported {} into {}",
        count(columns.len(), "model"),
        request.out.display()
    ));
    run_report::rendered(&report, request.format)
}

/// `[NAME=]FILE`; a file that is there is taken whole.
fn named(typed: &OsStr) -> (Option<String>, &Path) {
    let split = typed.to_str().and_then(|text| text.split_once('='));
    match split {
        Some((name, path)) if !Path::new(typed).exists() => {
            (Some(name.to_owned()), Path::new(path))
        }
        _ => (None, Path::new(typed)),
    }
}

/// The items of the files that are given.
fn data(request: &ImportRequest, benchmark: Option<&Benchmark>) -> Result<Option<Data>> {
    if request.data.is_empty() {
        return Ok(None);
    }
    let files = request
        .data
        .iter()
        .map(|path| InputFile::from(path.as_path()));
    let files: Vec<InputFile> = files.collect();
    let map = ColumnMap::or_of(&request.map, benchmark)?;
    let items = metric_shape::prepared(data::load(&files, &map)?, false, benchmark)?;
    if let Some(item) = items.iter().find(|item| item.id.is_none()) {
        return Err(Error::bad_input(format!(
            "failed to match results with the data: row {} has no id",
            item.row
        ))
        .hint("name the column that the result file has as `id`: --map id=COLUMN"));
    }
    let recorded = |file: &InputFile| {
        Ok(DataFile {
            path: file.path(),
            sha256: file.sha256()?,
            map: map.recorded(),
        })
    };
    let files = files.iter().map(recorded).collect::<Result<_>>()?;
    Ok(Some(Data { items, files }))
}

/// The report's title, and why it is not the whole benchmark.
fn whole(
    request: &ImportRequest,
    benchmark: Option<&Benchmark>,
    aligned: &[Vec<ScoredItem>],
) -> Result<Whole> {
    // All columns have the same items.
    let items = aligned.first().map_or(&[][..], Vec::as_slice);
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for item in items {
        *found.entry(item.subset.clone()).or_default() += 1;
    }
    let partial = match benchmark {
        Some(own) => {
            let expected: Vec<(&String, usize)> =
                own.subsets.iter().map(|(name, n)| (name, *n)).collect();
            miscounts(&expected, &found, request.allow_partial)?
        }
        None => None,
    };
    let what = if items.iter().all(|item| !item.outcome.is_several()) {
        "pair"
    } else {
        "item"
    };
    let name = benchmark.map_or_else(String::new, |own| format!("{}: ", own.name));
    Ok(Whole {
        title: format!("{name}imported, {}", count(items.len(), what)),
        partial,
    })
}

/// What is known of the run: that it was another program's.
fn record(
    request: &ImportRequest,
    benchmark: Option<&Benchmark>,
    data: Option<&Data>,
    columns: &[ImportedColumn],
    aligned: &[Vec<ScoredItem>],
) -> RunRecord {
    let models = columns.iter().zip(aligned);
    RunRecord {
        schema: SCHEMA,
        tool: Tool::this(),
        plan: Plan {
            benchmark: request.benchmark.clone(),
            definition: benchmark.map(Benchmark::definition),
            subsets: Vec::new(),
            limit: None,
            batch_tokens: 0,
            device: UNKNOWN.to_owned(),
            dtype: UNKNOWN.to_owned(),
            int8_batch: None,
            against: None,
            gate: Vec::new(),
            seed: None,
            published: None,
            cache: false,
            fingerprint: None,
            content: None,
        },
        dataset: None,
        data: data.map_or_else(Vec::new, |data| data.files.clone()),
        models: models
            .map(|(column, scored)| model(column, scored))
            .collect(),
        host: Host::this(),
        sessions: Vec::new(),
        started: None,
        ended: Some(unix(SystemTime::now())),
        stopped_early: None,
        whole: None,
        shards: Vec::new(),
    }
}

fn model(column: &ImportedColumn, scored: &[ScoredItem]) -> ModelRecord {
    ModelRecord {
        name: column.name.clone(),
        source: VerdictSource::Imported(column.record.clone()),
        fingerprint: None,
        precision: None,
        tokens: 0,
        seconds: 0.0,
        halved: 0,
        again_in_f32: 0,
        verification: None,
        pairs: scored.len(),
        margins: Some(margins_of(scored)),
        resumed: 0,
        cached: 0,
        not_scored: Vec::new(),
    }
}
