//! `pairbench list`: what is built in.

use serde_json::{Value, json};

use crate::benchmark::published::Published;
use crate::benchmark::{Benchmark, Section, Shape, quickstart};
use crate::checkpoint::known_models::{KNOWN, repositories_with};
use crate::checkpoint::{CheckpointFiles, ModelSpec, find_contract};
use crate::commands::output::OutputFormat;
use crate::report::json_text;
use crate::support::count::count;
use crate::support::error::{Error, Result, one_line, without_workflow_command};
use crate::support::hub::Hub;
use crate::text::Side;
use crate::text::contract::InputContract;

#[derive(Debug)]
pub struct ListRequest {
    pub(crate) catalogue: Catalogue,
    pub(crate) format: OutputFormat,
}

/// What there is a list of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Catalogue {
    Benchmarks,
    Models,
    Templates,
    Published,
}

pub(crate) fn list(request: &ListRequest) -> Result<String> {
    let (text, key, values) = match request.catalogue {
        Catalogue::Benchmarks => {
            let benchmarks = Benchmark::built_in()?;
            let text: Vec<String> = benchmarks.iter().map(benchmark_text).collect();
            let values = benchmarks.iter().map(benchmark_json).collect();
            (text.join("\n"), "benchmarks", values)
        }
        Catalogue::Models => (models_text()?, "models", models_json()?),
        Catalogue::Templates => (templates_text(), "templates", templates_json()),
        Catalogue::Published => {
            let tables = Published::all();
            let text: Vec<String> = tables.iter().map(published_text).collect();
            let values = tables.iter().map(published_json).collect();
            (text.join("\n"), "published", values)
        }
    };
    Ok(match request.format {
        OutputFormat::Text => text,
        OutputFormat::Json => json_text(&json!({ "schema": 1, key: Value::Array(values) })),
    })
}

/// Its source, its published tables, and its subsets by section.
pub(super) fn benchmark_text(benchmark: &Benchmark) -> String {
    let subsets = benchmark.subsets.len();
    let items = items_text(benchmark);
    let title = format!("{items} in {}", count(subsets, "subset"));
    let mut rows = vec![["source".to_owned(), benchmark.source(), String::new()]];
    if !benchmark.published.is_empty() {
        rows.push([
            "published".to_owned(),
            benchmark.published.join(", "),
            String::new(),
        ]);
    }
    if let Some(licence) = &benchmark.licence {
        rows.push(["licence".to_owned(), licence.clone(), String::new()]);
    }
    let metrics = benchmark.metrics();
    let metrics: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
    rows.push(["metric".to_owned(), metrics.join(", "), String::new()]);
    if let Some(headline) = &benchmark.headline {
        rows.push(["headline".to_owned(), headline.label.clone(), String::new()]);
    }
    let mut text = harmless(&format!("{}: {title}", benchmark.name));
    text.push_str(&indented(&rows));
    let mut rows = Vec::new();
    for (section, names) in sections(benchmark) {
        for (at, name) in names.iter().enumerate() {
            let section = if at == 0 { section } else { "" };
            let n = benchmark.subsets.get(*name).copied().unwrap_or(0);
            let n = if n == 0 {
                "any".to_owned()
            } else {
                n.to_string()
            };
            rows.push([section.to_owned(), (*name).to_owned(), n]);
        }
    }
    text.push_str(&indented(&rows));
    let pairwise = benchmark.pairwise_note.iter();
    let pairwise = pairwise.map(|note| format!("pairwise models: {note}"));
    for note in benchmark.notes.iter().cloned().chain(pairwise) {
        text.push_str(&harmless(&format!("  note: {note}")));
    }
    text
}

/// How many items it has, by the word for what they are.
fn items_text(benchmark: &Benchmark) -> String {
    let metrics = benchmark.metrics();
    let is_pairs = metrics.iter().all(|m| m.shape() == Shape::Pair);
    let what = if is_pairs { "pair" } else { "item" };
    match benchmark.subsets.values().sum() {
        0 => format!("any number of {what}s"),
        total if benchmark.subsets.values().any(|n| *n == 0) => format!("{total} {what}s or more"),
        total => count(total, what),
    }
}

/// The subsets of every section; those of none last, without a name.
fn sections(benchmark: &Benchmark) -> Vec<(&str, Vec<&str>)> {
    let mut sections: Vec<(&str, Vec<&str>)> = benchmark
        .sections
        .iter()
        .map(|section| {
            (
                section.name.as_str(),
                section.subsets.iter().map(String::as_str).collect(),
            )
        })
        .collect();
    let is_in_one = |name: &str| sections.iter().any(|(_, names)| names.contains(&name));
    let rest: Vec<&str> = benchmark
        .subsets
        .keys()
        .map(String::as_str)
        .filter(|name| !is_in_one(name))
        .collect();
    sections.push(("", rest));
    sections
}

fn benchmark_json(benchmark: &Benchmark) -> Value {
    let section = |section: &Section| json!({ "name": section.name, "subsets": section.subsets });
    json!({
        "name": benchmark.name,
        "pairs": benchmark.subsets.values().sum::<usize>(),
        "subsets": benchmark.subsets,
        "sections": benchmark.sections.iter().map(section).collect::<Vec<_>>(),
        "source": benchmark.source(),
        "published": benchmark.published,
        "licence": benchmark.licence,
        "metrics": benchmark.metrics(),
    })
}

/// A model whose template needs not be given.
struct Listed {
    name: &'static str,
    template: String,
    architecture: String,
    weights: &'static str,
    /// Tables that have it.
    published: Vec<String>,
    is_embedded: bool,
}

fn models() -> Result<Vec<Listed>> {
    let tables = Published::all();
    let embedded = quickstart::checkpoints().map(embedded);
    let hub = KNOWN.iter().map(|model| Listed {
        name: model.repository,
        template: model.contract.to_string(),
        architecture: model.architecture.to_owned(),
        weights: model.weights,
        published: tables
            .iter()
            .filter(|table| {
                table
                    .models
                    .iter()
                    .any(|m| m.is_repository(model.repository))
            })
            .map(|table| table.name.clone())
            .collect(),
        is_embedded: false,
    });
    embedded.chain(hub.map(Ok)).collect()
}

/// What the files of an embedded checkpoint say.
fn embedded(path: &'static str) -> Result<Listed> {
    let spec: ModelSpec = path.parse().map_err(|e: String| Error::usage(e))?;
    let CheckpointFiles { files, .. } = spec.resolve(&Hub::new(true), None)?;
    let contract = find_contract(&spec, None, &files)?;
    let config = files.json("config.json")?;
    Ok(Listed {
        name: path,
        template: contract.map_or_else(String::new, |(contract, _)| contract.to_string()),
        architecture: config["architectures"][0]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        weights: "inside the binary",
        published: Vec::new(),
        is_embedded: true,
    })
}

fn models_text() -> Result<String> {
    let header = ["model", "template", "architecture", "weights", "published"].map(str::to_owned);
    let row = |model: Listed| {
        [
            model.name.to_owned(),
            model.template,
            model.architecture,
            model.weights.to_owned(),
            model.published.join(", "),
        ]
    };
    let rows: Vec<_> = std::iter::once(header)
        .chain(models()?.into_iter().map(row))
        .collect();
    Ok(format!(
        "{}\nAny other checkpoint of these architectures works with --template: see `pairbench \
         list templates`.\n",
        aligned(&rows)
    ))
}

fn models_json() -> Result<Vec<Value>> {
    let one = |model: Listed| {
        json!({
            "name": model.name,
            "template": model.template,
            "embedded": model.is_embedded,
            "architecture": model.architecture,
            "weights": model.weights,
            "published": model.published,
        })
    };
    Ok(models()?.into_iter().map(one).collect())
}

/// From which end a long prompt is cut; `None` where nothing is.
fn prompt_end(contract: InputContract) -> Option<&'static str> {
    contract.cuts().then(|| match contract.source_side() {
        Side::Left => "start",
        Side::Right => "end",
    })
}

fn templates_text() -> String {
    let header = [
        "template",
        "most tokens",
        "a long prompt loses its",
        "models",
    ]
    .map(str::to_owned);
    let row = |contract: InputContract| {
        [
            contract.to_string(),
            contract.limits(),
            prompt_end(contract).unwrap_or("nothing").to_owned(),
            repositories_with(contract).join(", "),
        ]
    };
    let rows = InputContract::all().map(row);
    aligned(&std::iter::once(header).chain(rows).collect::<Vec<_>>())
}

fn templates_json() -> Vec<Value> {
    let one = |contract: InputContract| {
        json!({
            "name": contract.to_string(),
            "limits": contract.limits(),
            "prompt_cut_from": prompt_end(contract),
            "models": repositories_with(contract),
        })
    };
    InputContract::all().map(one).collect()
}

fn published_text(table: &Published) -> String {
    let mut rows = vec![
        ["source".to_owned(), table.source.clone()],
        ["benchmark".to_owned(), table.benchmark.clone()],
    ];
    for (at, model) in table.models.iter().enumerate() {
        let key = if at == 0 { "models" } else { "" };
        rows.push([key.to_owned(), model.name.clone()]);
    }
    format!("{}: {}\n{}", table.name, table.title, indented(&rows))
}

fn published_json(table: &Published) -> Value {
    let models: Vec<&str> = table
        .models
        .iter()
        .map(|model| model.name.as_str())
        .collect();
    json!({
        "name": table.name,
        "title": table.title,
        "source": table.source,
        "benchmark": table.benchmark,
        "models": models,
    })
}

/// A line whose names come from a file.
fn harmless(line: &str) -> String {
    without_workflow_command(one_line(line)) + "\n"
}

fn indented<const N: usize>(rows: &[[String; N]]) -> String {
    let lines = aligned(rows);
    lines.lines().flat_map(|line| ["  ", line, "\n"]).collect()
}

/// Rows with their cells below each other, two spaces apart.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{:<width$}", one_line(cell)))
            .collect();
        harmless(cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
