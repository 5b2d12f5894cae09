//! A run directory, read back.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use polars::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::benchmark::{Dataset, Definition, Named};
use crate::dataset::{Id, guarded, parquet_reader};
use crate::error::{Error, Result};
use crate::files::{Directory, InputFile};
use crate::fsio;
use crate::journal;
use crate::metrics::Tally;
use crate::plan;
use crate::quickstart;
use crate::score::{Decision, Verdict};

/// What `pairbench run --out` left behind.
#[derive(Debug)]
pub struct RunDir {
    pub path: PathBuf,
    pub record: Record,
    /// Each model's verdicts, in the order of the run.
    pub models: Vec<(String, Vec<Verdict>)>,
}

/// The parts of `run.json` that say what was measured.
#[derive(Debug, Deserialize)]
pub struct Record {
    schema: u64,
    pub plan: Plan,
    /// In the order in which rows are numbered.
    pub data: Vec<DataFile>,
    pub models: Vec<ModelRecord>,
    /// The run of which this is a shard.
    pub whole: Option<Whole>,
}

/// What the report of a run says that its shards cannot say.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Whole {
    pub title: String,
    pub partial: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Plan {
    /// As it was typed.
    pub benchmark: Option<String>,
    /// What that was.
    #[serde(default)]
    pub definition: Option<Definition>,
    pub published: Option<String>,
    /// What it was; absent in runs of older versions.
    pub content: Option<Box<plan::Plan>>,
}

#[derive(Debug, Deserialize)]
pub struct ModelRecord {
    pub pairs: usize,
    #[serde(default)]
    not_scored: Vec<NotScored>,
}

/// Why a pair's verdict is invalid.
#[derive(Debug, Deserialize)]
struct NotScored {
    row: usize,
    reason: String,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct DataFile {
    pub path: PathBuf,
    pub sha256: String,
}

impl DataFile {
    /// The file inside the binary that has this content.
    pub fn embedded(&self) -> Option<InputFile> {
        let home = Directory::Embedded(quickstart::benchmark());
        let name = self.path.file_name()?.to_str()?;
        Some(home.file(name)).filter(|file| file.sha256().is_ok_and(|hash| hash == self.sha256))
    }
}

/// The parts of `summary.json` that do not follow from verdicts.
#[derive(Debug, Deserialize)]
pub struct Summary {
    schema: u64,
    pub title: String,
    pub partial: Option<String>,
    #[serde(default)]
    pub dataset: Option<Dataset>,
    #[serde(default)]
    pub notes: Vec<String>,
    models: BTreeMap<String, SummaryModel>,
    /// Columns that no model made.
    pub baselines: BTreeMap<String, Baseline>,
}

#[derive(Debug, Deserialize)]
struct SummaryModel {
    #[serde(default)]
    not_scored: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Baseline {
    pub subsets: BTreeMap<String, Tally>,
}

impl Summary {
    /// Why a model's first invalid pairs are that.
    pub fn not_scored(&self, model: &str) -> &[String] {
        self.models.get(model).map_or(&[], |model| &model.not_scored)
    }
}

impl RunDir {
    pub fn open(path: &Path) -> Result<Self> {
        let unfinished = path.join(journal::NAME).exists() && !path.join("run.json").exists();
        let record: Record = json(&path.join("run.json"), |record: &Record| record.schema)
            .map_err(|e| if unfinished { e.hint("the run there is not finished: go on with it with --resume") } else { e })?;
        let mut models: Vec<(String, Vec<Verdict>)> = Vec::new();
        for (model, verdict) in verdicts(&path.join("verdicts.parquet"))? {
            match models.iter_mut().find(|(known, _)| *known == model) {
                Some((_, verdicts)) => verdicts.push(verdict),
                None => models.push((model, vec![verdict])),
            }
        }
        for ((_, verdicts), model) in models.iter_mut().zip(&record.models) {
            let reasons: HashMap<usize, &str> = model.not_scored.iter().map(|not| (not.row, not.reason.as_str())).collect();
            for verdict in verdicts {
                verdict.reason = reasons.get(&verdict.row).map(|&reason| reason.to_owned());
            }
        }
        Ok(Self { path: path.to_owned(), record, models })
    }

    /// What else was said of the run.
    pub fn summary(&self) -> Result<Summary> {
        let path = self.path.join("summary.json");
        let summary = json(&path, |summary: &Summary| summary.schema)?;
        // Counts become the sizes of tables: none can be more than the pairs of the run.
        let pairs = self.models.iter().map(|(_, verdicts)| verdicts.len()).max().unwrap_or(0);
        for (name, baseline) in &summary.baselines {
            if let Some((subset, _)) = baseline.subsets.iter().find(|(_, tally)| tally.parts().iter().any(|part| *part > pairs)) {
                return Err(Error::bad_input(format!("failed to read run: {}", path.display()))
                    .caused_by(format!("key `baselines`: {name} has more pairs in {subset} than the run, which has {pairs}")));
            }
        }
        Ok(summary)
    }

    /// Its benchmark; the quickstart is what runs when none is typed.
    pub fn benchmark(&self) -> Option<Named<'_>> {
        let is_quickstart = || self.record.data.iter().any(|file| file.embedded().is_some());
        let typed = self.record.plan.benchmark.as_deref().or_else(|| is_quickstart().then_some("quickstart"))?;
        Some(Named { typed, definition: self.record.plan.definition.as_ref() })
    }

    /// A model's verdicts.
    pub fn verdicts_of(&self, model: &str) -> Option<&[Verdict]> {
        self.models.iter().find(|(name, _)| name == model).map(|(_, verdicts)| verdicts.as_slice())
    }

    /// Whether it was on these files, in this order.
    pub fn has_read(&self, files: &[InputFile]) -> Result<bool> {
        let hashes: Vec<String> = files.iter().map(InputFile::sha256).collect::<Result<_>>()?;
        Ok(self.record.data.iter().map(|file| &file.sha256).eq(&hashes))
    }

    /// Whether rows with the same number are the same pair in both.
    pub fn has_data_of(&self, other: &Self) -> bool {
        let hashes = |run: &Self| run.record.data.iter().map(|file| file.sha256.clone()).collect::<Vec<_>>();
        hashes(self) == hashes(other)
    }
}

/// A file of schema 1.
fn json<T: DeserializeOwned>(file: &Path, schema: impl Fn(&T) -> u64) -> Result<T> {
    let invalid = || Error::bad_input(format!("failed to read run: {}", file.display()));
    let bytes = fsio::read(file).map_err(|e| e.hint("a run directory is what `pairbench run --out DIR` writes"))?;
    let value: T = serde_json::from_slice(&bytes).map_err(|e| invalid().caused_by(e))?;
    match schema(&value) {
        1 => Ok(value),
        other => Err(invalid().caused_by(format!("key `schema`: expected 1, found {other}")).hint("another version of pairbench wrote it")),
    }
}

/// Every row, with its model.
fn verdicts(path: &Path) -> Result<Vec<(String, Verdict)>> {
    let file = fsio::read(path)?;
    let rows = guarded("verdicts", path, || rows(&parquet_reader(file)?.finish()?))?;
    if rows.is_empty() {
        return Err(Error::bad_input(format!("failed to read verdicts: {}: the file has no rows", path.display())));
    }
    Ok(rows)
}

fn rows(frame: &DataFrame) -> PolarsResult<Vec<(String, Verdict)>> {
    let wrong = |column: &str, at: usize, what: &str| PolarsError::ComputeError(format!("row {at}, column `{column}`: {what}").into());
    let texts = |name: &'static str| -> PolarsResult<Vec<&str>> {
        let values = frame.column(name)?.str()?.iter().enumerate();
        values.map(|(at, value)| value.ok_or_else(|| wrong(name, at, "expected a string, found null"))).collect()
    };
    let counts = |name: &'static str| -> PolarsResult<Vec<usize>> {
        let values = frame.column(name)?.i64()?.iter().enumerate();
        values.map(|(at, value)| value.and_then(|n| usize::try_from(n).ok()).ok_or_else(|| wrong(name, at, "expected a count"))).collect()
    };
    let floats = |name: &'static str| -> PolarsResult<Vec<f32>> {
        let values = frame.column(name)?.f32()?.iter().enumerate();
        values.map(|(at, value)| value.ok_or_else(|| wrong(name, at, "expected a number, found null"))).collect()
    };
    let ids: Vec<Option<Id>> = match frame.column("id")? {
        numbers if numbers.dtype().is_integer() => numbers.i64()?.iter().map(|id| id.map(Id::Number)).collect(),
        texts => texts.str()?.iter().map(|id| id.map(|text| Id::Text(text.to_owned()))).collect(),
    };
    let (models, row, subsets, decisions) = (texts("model")?, counts("row")?, texts("subset")?, texts("verdict")?);
    let (logit_ab, logit_ba, margin) = (floats("logit_ab")?, floats("logit_ba")?, floats("margin")?);
    let (tokens_ab, tokens_ba) = (counts("tokens_ab")?, counts("tokens_ba")?);
    let (source_cut, chosen_cut, rejected_cut) = (counts("source_cut")?, counts("chosen_cut")?, counts("rejected_cut")?);
    ids.into_iter()
        .enumerate()
        .map(|(at, id)| {
            let verdict = Verdict {
                row: row[at],
                subset: subsets[at].to_owned(),
                id,
                logit_ab: logit_ab[at],
                logit_ba: logit_ba[at],
                margin: margin[at],
                decision: Decision::from_name(decisions[at]).ok_or_else(|| wrong("verdict", at, "expected correct, wrong, tie or invalid"))?,
                // The file does not say why a pair is invalid; `run.json` does.
                reason: None,
                tokens_ab: tokens_ab[at],
                tokens_ba: tokens_ba[at],
                source_cut: source_cut[at],
                chosen_cut: chosen_cut[at],
                rejected_cut: rejected_cut[at],
            };
            Ok((models[at].to_owned(), verdict))
        })
        .collect()
}
