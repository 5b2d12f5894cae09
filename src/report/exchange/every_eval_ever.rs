//! Every Eval Ever 0.3.0: an aggregate file with our intervals, and beside it a row for each item.
//!
//! What a run does not know is said in the layout's own words for it: `unknown`, and `other` for
//! who evaluated whose model.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::benchmark::{Benchmark, Metric};
use crate::metrics::{Estimate, SubsetScore};
use crate::report::exchange::every_eval_ever_rows::{Evaluation, SCHEMA, rows, subset_slug};
use crate::report::exchange::exchange_file::{ExchangeFile, Exchanged};
use crate::report::exchange::exported_model::ExportedModel;
use crate::report::exchange::paths::{component, parts};
use crate::report::run_report::weighting;
use crate::scoring::run_dir::record::Layout;
use crate::stats::LEVEL;
use crate::support::error::{Error, Result};
use crate::support::files;

const WHAT: &str = "an Every Eval Ever record";

const UNKNOWN: &str = "unknown";

/// One of the figures.
struct Figure<'a> {
    /// Unique within the benchmark.
    slug: String,
    name: &'a str,
    metric: Option<Metric>,
    items: usize,
    estimate: Estimate,
    /// The least and the most that it can be.
    limits: [f64; 2],
}

pub(super) fn exchanged(model: &ExportedModel) -> Result<Exchanged> {
    let benchmark = model.needed_benchmark(WHAT)?;
    let (owner, name) = parts(model.id());
    let owner = owner.unwrap_or_else(|| UNKNOWN.to_owned());
    // A name without an owner addresses no place in their store.
    let id = format!("{owner}/{name}");
    let seconds = model.run.ended.unwrap_or_default().to_string();
    let evaluation = Evaluation {
        id: format!("{}/{owner}_{name}/{seconds}", component(&benchmark.name)),
        model: id.clone(),
        benchmark: component(&benchmark.name),
    };
    let uuid = uuid(model, &evaluation);
    let folder = format!("data/{}/{owner}/{name}", component(&benchmark.name));
    let mut notes = vec![
        "source_organization_name is unknown and evaluator_relationship other: fill them in before \
         you publish the record"
            .to_owned(),
    ];
    let rows = match model.items {
        Ok(items) => Some(rows(model, &evaluation, items)?),
        Err(why) => {
            notes.push(format!("without rows of items: {why}"));
            None
        }
    };
    let figures = figures(model, benchmark);
    unique(&figures)?;
    let results = figures
        .iter()
        .map(|figure| result(model, benchmark, &evaluation, figure));
    let mut record = aggregate(model, benchmark, &evaluation, &id, &seconds);
    record["evaluation_results"] = results.collect();
    let mut found = Vec::new();
    if let Some(rows) = rows {
        let path = format!("{folder}/{uuid}_samples.jsonl");
        record["detailed_evaluation_results"] = json!({
            "format": "jsonl",
            "file_path": path,
            "hash_algorithm": "sha256",
            "checksum": files::digest(&rows),
            "total_rows": model.scored.len(),
        });
        found.push(ExchangeFile {
            path: path.into(),
            bytes: rows,
        });
    }
    found.insert(
        0,
        ExchangeFile {
            path: format!("{folder}/{uuid}.json").into(),
            bytes: format!("{record:#}\n").into_bytes(),
        },
    );
    Ok(Exchanged {
        files: found,
        notes,
    })
}

fn aggregate(
    model: &ExportedModel,
    benchmark: &Benchmark,
    evaluation: &Evaluation,
    id: &str,
    seconds: &str,
) -> Value {
    let is_measured = model.record.source.facts().is_some();
    let (developer, name) = id.split_once('/').unwrap_or((UNKNOWN, id));
    let mut record = json!({
        "schema_version": SCHEMA,
        "evaluation_id": evaluation.id,
        "retrieved_timestamp": seconds,
        "source_metadata": {
            "source_name": format!("pairbench, {}", benchmark.name),
            "source_type": "evaluation_run",
            "source_organization_name": UNKNOWN,
            "evaluator_relationship": "other",
        },
        "eval_library": library(model),
        "model_info": {
            "name": name,
            "id": id,
            "developer": developer,
            "additional_details": details(model),
        },
    });
    // When another program computed the scores is not known.
    if is_measured {
        record["evaluation_timestamp"] = json!(seconds);
    }
    record
}

/// Names of figures are in ids, which rows of items refer to.
fn unique(figures: &[Figure]) -> Result<()> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for Figure { slug, name, .. } in figures {
        if let Some(other) = seen.insert(slug, name) {
            return Err(Error::usage(format!(
                "failed to write {WHAT}: the figures {other} and {name} would have one id there, \
                 {slug}"
            ))
            .hint("give one of them another name in the benchmark's definition"));
        }
    }
    Ok(())
}

/// What computed the scores.
fn library(model: &ExportedModel) -> Value {
    let tool = &model.run.tool;
    let Some(imported) = model.record.source.imported() else {
        return json!({ "name": tool.name, "version": tool.version });
    };
    let is_lm_eval = imported
        .files
        .iter()
        .any(|own| own.layout == Layout::LmEval);
    let name = if is_lm_eval {
        "lm_eval"
    } else {
        "reward-bench"
    };
    json!({
        "name": name,
        "version": UNKNOWN,
        "additional_details": { "imported_by": format!("{} {}", tool.name, tool.version) },
    })
}

/// Everything that is known of how the model was read and computed; all values are strings.
fn details(model: &ExportedModel) -> Value {
    let mut details = Map::new();
    let mut put = |key: &str, text: &str| {
        details.insert(key.to_owned(), json!(text));
    };
    let facts = model.record.source.facts();
    let is_open = facts.is_some_and(|own| own.commit.is_some());
    let deployment = if facts.is_some() {
        "self_deployed"
    } else {
        UNKNOWN
    };
    put("deployment_type", deployment);
    let availability = if is_open { "open_weights" } else { UNKNOWN };
    put("model_availability", availability);
    if let Some(facts) = facts {
        put("input_contract", facts.template.name());
        put("precision", &model.run.plan.dtype);
        if let Some(commit) = &facts.commit {
            put("revision", commit);
        }
        let head = if model.is_pairwise() {
            "pairwise"
        } else {
            "scalar"
        };
        put("head", head);
    }
    if let Some(precision) = &model.record.precision {
        put("weights", &precision.storage);
        put("arithmetic", &precision.arithmetic);
    }
    if let Some(imported) = model.record.source.imported() {
        put(
            "model_type",
            imported.model_type.as_deref().unwrap_or(UNKNOWN),
        );
        put(
            "chat_template",
            imported.chat_template.as_deref().unwrap_or(UNKNOWN),
        );
        for file in &imported.files {
            put(&format!("sha256 of {}", file.name()), &file.sha256);
        }
    }
    Value::Object(details)
}

/// The headline figure as `Score`, then sections and subsets.
fn figures<'a>(model: &'a ExportedModel, benchmark: &Benchmark) -> Vec<Figure<'a>> {
    let scores = &model.scores;
    let items = |names: &[String]| {
        let of = scores
            .subsets
            .iter()
            .filter(|(name, _)| names.contains(name));
        of.map(|(_, score)| score.n()).sum::<usize>()
    };
    let all = limits(scores.subsets.iter().map(|(_, score)| score.metric));
    let headline = scores.headline.iter().map(|(_, estimate)| Figure {
        slug: "score".to_owned(),
        name: "Score",
        metric: None,
        items: scores.total.n(),
        estimate: *estimate,
        limits: all,
    });
    let section = |(name, estimate): &'a (String, Estimate)| {
        let own = benchmark.sections.iter().find(|own| own.name == *name);
        let subsets = own.map_or(&[][..], |own| &own.subsets);
        Figure {
            slug: component(&name.to_lowercase()),
            name,
            metric: None,
            items: items(subsets),
            estimate: *estimate,
            limits: limits(subsets.iter().map(|subset| model.metric_of(subset))),
        }
    };
    let subset = |(name, score): &'a (String, SubsetScore)| Figure {
        slug: subset_slug(name),
        name,
        metric: Some(score.metric),
        items: score.n(),
        estimate: score.estimate(),
        limits: score.metric.limits(),
    };
    headline
        .chain(scores.sections.iter().map(section))
        .chain(scores.subsets.iter().map(subset))
        .collect()
}

/// Between which a mean of these lies.
fn limits(metrics: impl Iterator<Item = Metric>) -> [f64; 2] {
    metrics
        .map(Metric::limits)
        .fold([0.0, 1.0], |[low, high], own| {
            [low.min(own[0]), high.max(own[1])]
        })
}

fn result(
    model: &ExportedModel,
    benchmark: &Benchmark,
    evaluation: &Evaluation,
    figure: &Figure,
) -> Value {
    let [low, high] = figure.limits;
    let metric = figure.metric.map(Metric::name);
    let description = match figure.metric {
        Some(metric) => metric.note().to_owned(),
        None => weighting(benchmark),
    };
    json!({
        "evaluation_result_id": evaluation.result(&figure.slug),
        "evaluation_name": figure.name,
        "source_data": source(model, benchmark, figure.items),
        "metric_config": {
            "evaluation_description": description,
            "metric_id": metric.unwrap_or("mean"),
            "metric_name": metric.unwrap_or("weighted mean of subsets"),
            "metric_unit": "proportion",
            "lower_is_better": false,
            "score_type": "continuous",
            "min_score": low,
            "max_score": high,
        },
        "score_details": {
            "score": figure.estimate.accuracy,
            "uncertainty": {
                "confidence_interval": {
                    "lower": figure.estimate.low,
                    "upper": figure.estimate.high,
                    "confidence_level": LEVEL,
                    "method": match figure.metric {
                        Some(metric) if !metric.counts_in_parts() => "clopper-pearson",
                        _ => "gaffke",
                    },
                },
                "num_samples": figure.items,
            },
        },
    })
}

fn source(model: &ExportedModel, benchmark: &Benchmark, items: usize) -> Value {
    let mut details = Map::new();
    if let Some(why) = model.partial {
        details.insert("partial".to_owned(), json!(why));
    } else if model.is_uncounted() {
        details.insert("items of the benchmark".to_owned(), json!("not known"));
    }
    for file in &model.run.data {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        details.insert(format!("sha256 of {name}"), json!(file.sha256));
    }
    let Some(dataset) = &model.dataset else {
        if let Some(dataset) = benchmark.dataset() {
            details.insert("dataset of the benchmark".to_owned(), json!(dataset.id));
        }
        return json!({
            "dataset_name": benchmark.name,
            "source_type": "other",
            "additional_details": details,
        });
    };
    if !dataset.revision.is_empty() {
        details.insert("revision".to_owned(), json!(dataset.revision));
    }
    let mut source = json!({
        "dataset_name": benchmark.name,
        "source_type": "hf_dataset",
        "hf_repo": dataset.id,
        "samples_number": items,
        "additional_details": details,
    });
    if let Some(split) = &dataset.split {
        source["hf_split"] = json!(split);
    }
    source
}

/// Of version 4 by its form; by its content the same for the same results, so that a record that is
/// written again takes the place of the first.
fn uuid(model: &ExportedModel, evaluation: &Evaluation) -> String {
    let mut hash = Sha256::new();
    hash.update(&evaluation.id);
    for item in model.scored {
        hash.update(&item.subset);
        hash.update(item.row.to_le_bytes());
        hash.update(item.margin().to_le_bytes());
    }
    let mut bytes: [u8; 16] = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = files::hex(&bytes);
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}
