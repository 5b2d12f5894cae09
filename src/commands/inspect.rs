//! `pairbench inspect`: what a checkpoint or a file of pairs is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use indicatif::{HumanBytes, HumanCount};

use crate::benchmark::Benchmark;
use crate::checkpoint::{Checkpoint, CheckpointFiles, ModelSpec, find_contract};
use crate::commands::hub_request::HubRequest;
use crate::commands::inspect_rows::rows_by_contract;
use crate::commands::list::benchmark_text;
use crate::commands::numbers_table::numbers_table;
use crate::data;
use crate::data::{ColumnMap, Item};
use crate::model::heads::HeadConfig;
use crate::report::Style;
use crate::scoring;
use crate::support::error::{Error, ErrorKind, Result, one_line};
use crate::support::hub::Hub;
use crate::support::input_file::{InputFile, STDIN};
use crate::text::contract::InputContract;

/// What to look at.
#[derive(Debug)]
pub struct InspectRequest {
    /// A checkpoint, a file of items, or a benchmark.
    pub(crate) what: String,
    /// For a checkpoint: pairs whose rows are shown.
    pub(crate) data: Vec<PathBuf>,
    /// For files: whose tokenizers count.
    pub(crate) models: Vec<ModelSpec>,
    /// For files: which of their columns are which.
    pub(crate) map: ColumnMap,
    /// For files: the benchmark whose counts they should have.
    pub(crate) benchmark: Option<String>,
    /// For a checkpoint.
    pub(crate) contract: Option<InputContract>,
    pub(crate) hub: HubRequest,
}

/// A directory or repository is a checkpoint, all else are pairs.
pub(crate) fn inspect(request: &InspectRequest) -> Result<String> {
    let hub = request.hub.open();
    let path = Path::new(&request.what);
    let is_definition =
        path.extension().is_some_and(|e| e == "toml") || Benchmark::is_built_in(&request.what);
    if is_definition {
        return definition(&Benchmark::find(&request.what)?, request, &hub);
    }
    let is_stdin = request.what == STDIN;
    if is_stdin || path.is_file() {
        let file = if is_stdin {
            InputFile::stdin()?
        } else {
            path.into()
        };
        let benchmark = request
            .benchmark
            .as_deref()
            .map(Benchmark::find)
            .transpose()?;
        return pairs(&[file], benchmark.as_ref(), request, &hub);
    }
    let spec: ModelSpec = request.what.parse().map_err(|e: String| {
        Error::usage(format!("failed to parse: {}", request.what)).caused_by(e)
    })?;
    let files = spec.resolve(&hub, request.hub.revision.as_deref())?;
    // Unless one is named: all, side by side.
    let is_named = spec.template.is_some() || request.contract.is_some();
    let (checkpoint, contracts) = opened(&spec, files.clone(), request.contract, is_named)?;
    let template = match find_contract(&spec, request.contract, &files.files)? {
        Some((template, from)) => format!("{template} (from: {from})"),
        None => format!(
            "not known; with this head: {} (--template NAME)",
            InputContract::names(checkpoint.contracts())
        ),
    };
    let mut text = describe(&checkpoint, template)?;
    if !request.data.is_empty() {
        let files: Vec<InputFile> = request
            .data
            .iter()
            .map(|path| path.as_path().into())
            .collect();
        let items = data::load(&files, &request.map)?;
        text.push_str(&rows_by_contract(&checkpoint, &contracts, &items)?);
    }
    Ok(text)
}

/// A checkpoint with its contract, or with every one under which it can be scored.
fn opened(
    spec: &ModelSpec,
    files: CheckpointFiles,
    flag: Option<InputContract>,
    has_one: bool,
) -> Result<(Checkpoint, Vec<InputContract>)> {
    if has_one {
        let checkpoint = Checkpoint::open(spec, files, flag)?;
        let contract = checkpoint.template;
        return Ok((checkpoint, vec![contract]));
    }
    let checkpoint = Checkpoint::open_under_any(spec, files)?;
    let contracts = checkpoint.contracts();
    Ok((checkpoint, contracts))
}

/// A benchmark, with the counts and lengths of its pairs where they are on this machine; token
/// lengths need them, and then they are downloaded.
fn definition(benchmark: &Benchmark, request: &InspectRequest, hub: &Hub) -> Result<String> {
    let mut text = benchmark_text(benchmark);
    let files = if request.models.is_empty() {
        benchmark.files(&Hub::new(true))
    } else {
        benchmark.files(hub)
    };
    match files {
        Ok(found) => {
            text.push('\n');
            text.push_str(&pairs(&found.files, Some(benchmark), request, hub)?);
        }
        Err(error) if error.kind == ErrorKind::Unavailable && request.models.is_empty() => {
            text.push_str(&format!(
                "its pairs are not on this machine: pairbench fetch {}\n",
                one_line(&request.what)
            ));
        }
        Err(error) => return Err(error),
    }
    Ok(text)
}

fn describe(checkpoint: &Checkpoint, template: String) -> Result<String> {
    let parameters = checkpoint.parameters()?;
    let total: usize = parameters.values().sum();
    let by_dtype: Vec<String> = parameters
        .iter()
        .map(|(dtype, n)| format!("{} {dtype}", HumanCount(*n as u64)))
        .collect();
    let config = &checkpoint.config;
    let head = &config.head;
    let mut lines = vec![("head", head.name().to_owned()), ("template", template)];
    lines.extend(config.architecture().facts());
    lines.extend([
        (
            "parameters",
            format!("{} ({})", HumanCount(total as u64), by_dtype.join(", ")),
        ),
        ("as f32", HumanBytes(4 * total as u64).to_string()),
        ("tokenizer", checkpoint.tokenizer.describe()),
    ]);
    if let HeadConfig::Pairwise(head) = head {
        let markers = format!(
            "<|source|> {}, <|candidate1|> {}, <|candidate2|> {}",
            head.source_prefix_id, head.cand1_prefix_id, head.cand2_prefix_id
        );
        lines.push(("markers", markers));
    }
    if let Some(commit) = &checkpoint.facts.commit {
        lines.insert(0, ("commit", commit.clone()));
    }
    let mut text = format!("{}\n", one_line(&checkpoint.facts.spec));
    for (key, value) in lines {
        text.push_str(&format!("  {key:<12}{value}\n"));
    }
    text.push_str(&format!(
        "  files in {}\n",
        one_line(&checkpoint.directory().path().display().to_string())
    ));
    for (name, size, hash) in checkpoint.files()? {
        text.push_str(&format!(
            "    {:<24}{:>12}  sha256 {hash}\n",
            one_line(&name),
            HumanBytes(size).to_string()
        ));
    }
    Ok(text)
}

/// Counts, lengths and truncation by subset.
fn pairs(
    files: &[InputFile],
    benchmark: Option<&Benchmark>,
    request: &InspectRequest,
    hub: &Hub,
) -> Result<String> {
    let map = ColumnMap::or_of(&request.map, benchmark)?;
    let pairs = data::load(files, &map)?;
    let subset_of = |item: &Item| {
        let named = item.subset.as_str();
        benchmark
            .map_or(named, |own| own.subset_of(named))
            .to_owned()
    };
    let pairs: Vec<Item> = pairs
        .into_iter()
        .map(|item| Item {
            subset: subset_of(&item),
            ..item
        })
        .collect();
    let mut subsets: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    for pair in &pairs {
        subsets.entry(&pair.subset).or_default().push(pair);
    }
    let paths: Vec<String> = files
        .iter()
        .map(|file| one_line(&file.path().display().to_string()))
        .collect();
    let mut text = format!("{}\n", paths.join("\n"));
    text.push_str(&counts(&subsets, benchmark));
    text.push_str(if request.models.is_empty() {
        "lengths in characters; with --model SPEC in tokens too, and what truncation removes\n"
    } else {
        "lengths in characters\n"
    });
    for spec in &request.models {
        let files = spec.resolve(hub, request.hub.revision.as_deref())?;
        let is_known = find_contract(spec, request.contract, &files.files)?.is_some();
        let (checkpoint, templates) = opened(spec, files, request.contract, is_known)?;
        for template in templates {
            let of = match template {
                InputContract::Pairwise(_) => "chosen left",
                InputContract::Scalar(_) => "chosen answer",
            };
            text.push_str(&format!(
                "\ntokens of a row, {of}: tokenizer of {}, template {template}\n",
                one_line(&checkpoint.name)
            ));
            text.push_str(&tokens(&subsets, template, &checkpoint)?);
        }
    }
    Ok(text)
}

fn counts(subsets: &BTreeMap<&str, Vec<&Item>>, benchmark: Option<&Benchmark>) -> String {
    let lengths: [fn(&Item) -> usize; 3] = [
        |p| p.prompt.iter().map(|m| m.content.chars().count()).sum(),
        |p| p.chosen.iter().map(|answer| answer.chars().count()).sum(),
        |p| p.rejected.iter().map(|answer| answer.chars().count()).sum(),
    ];
    let missing = benchmark
        .into_iter()
        .flat_map(|b| b.subsets.keys())
        .filter(|name| !subsets.contains_key(name.as_str()));
    let none = Vec::new();
    let all: Vec<(&str, &Vec<&Item>)> = subsets
        .iter()
        .map(|(name, pairs)| (*name, pairs))
        .chain(missing.map(|name| (name.as_str(), &none)))
        .collect();
    let mut rows = Vec::new();
    for (name, pairs) in all {
        let expected = benchmark.map_or_else(String::new, |b| {
            b.subsets
                .get(name)
                .map_or_else(|| "not in it".to_owned(), ToString::to_string)
        });
        let mut row = vec![one_line(name), pairs.len().to_string(), expected];
        for length in lengths {
            row.extend(percentiles(pairs.iter().map(|p| length(p)).collect()));
        }
        rows.push(row);
    }
    let groups: [&[&str]; 4] = [
        &["subset", "pairs", "expected"],
        &["prompt p50", "p90", "max"],
        &["chosen p50", "p90", "max"],
        &["rejected p50", "p90", "max"],
    ];
    numbers_table(&groups, &rows, Style::of_stdout())
}

fn tokens(
    subsets: &BTreeMap<&str, Vec<&Item>>,
    template: InputContract,
    checkpoint: &Checkpoint,
) -> Result<String> {
    let mut lines = Vec::new();
    for (name, pairs) in subsets {
        let owned: Vec<Item> = pairs.iter().map(|p| (*p).clone()).collect();
        let prepared =
            scoring::prepare(&owned, template, &checkpoint.tokenizer, &checkpoint.config)?;
        let rows = prepared.iter().filter_map(scoring::Prepared::token_rows);
        let share = |part: usize| {
            let n = prepared.iter().filter(|p| p.cuts()[part] > 0).count();
            if n == 0 {
                "–".to_owned()
            } else {
                n.to_string()
            }
        };
        let invalid = prepared.iter().filter(|p| p.is_unscorable()).count();
        let mut row = vec![one_line(name), pairs.len().to_string()];
        row.extend(percentiles(
            rows.filter_map(|rows| Some(rows.first()?.ids.len()))
                .collect(),
        ));
        row.extend([
            share(0),
            share(1),
            share(2),
            if invalid == 0 {
                "–".to_owned()
            } else {
                invalid.to_string()
            },
        ]);
        lines.push(row);
    }
    let groups: [&[&str]; 3] = [
        &["subset", "pairs"],
        &["p50", "p90", "max"],
        &["prompt cut", "chosen cut", "rejected cut", "invalid"],
    ];
    Ok(numbers_table(&groups, &lines, Style::of_stdout()))
}

/// The values at 50 and 90 % by nearest rank, and the largest.
fn percentiles(mut values: Vec<usize>) -> [String; 3] {
    values.sort_unstable();
    [50, 90, 100].map(|percent| {
        (values.len() * percent)
            .div_ceil(100)
            .checked_sub(1)
            .map_or_else(|| "–".to_owned(), |at| values[at].to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_by_nearest_rank() {
        assert_eq!(percentiles((1..=10).collect()), ["5", "9", "10"]);
        assert_eq!(percentiles(vec![7]), ["7", "7", "7"]);
        assert_eq!(percentiles(Vec::new()), ["–", "–", "–"]);
    }
}
