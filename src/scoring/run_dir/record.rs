//! `run.json`: what was run, on what and how fast. One type writes, reads and merges it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::benchmark::Definition;
use crate::data::DataFile;
use crate::data::shard::Shard;
use crate::scoring::fingerprint::Fingerprint;
use crate::scoring::journal::Session;
use crate::scoring::run_dir::json_file;
use crate::scoring::run_dir::verdict_source::VerdictSource;
use crate::scoring::verification::Verification;
use crate::support::bounded_count::bounded;
use crate::support::count::count;
use crate::support::error::Result;

pub(crate) use crate::scoring::run_dir::verdict_source::{ImportedFile, ImportedModel, Layout};

/// Version of the format.
pub(crate) const SCHEMA: u64 = 1;

/// The file that says what was run; it is there only while the others are complete.
pub(super) const NAME: &str = "run.json";

/// A run, without secrets and without its environment. Keys with a default are absent in records of
/// older versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunRecord {
    pub(crate) schema: u64,
    pub(crate) tool: Tool,
    pub(crate) plan: Plan,
    /// A dataset of the hub as `owner/name@commit`.
    pub(crate) dataset: Option<String>,
    /// In the order in which rows are numbered.
    pub(crate) data: Vec<DataFile>,
    /// In the order of the run.
    pub(crate) models: Vec<ModelRecord>,
    pub(crate) host: Host,
    pub(crate) sessions: Vec<Session>,
    /// Seconds since 1970.
    pub(crate) started: Option<f64>,
    /// Seconds since 1970.
    pub(crate) ended: Option<f64>,
    /// How a gate ended the run before every pair was scored (`--against`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stopped_early: Option<StoppedEarly>,
    /// The run of which this is a shard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) whole: Option<Whole>,
    /// The shards that were merged into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) shards: Vec<ShardRecord>,
}

/// The program that wrote a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Tool {
    /// This program.
    pub(crate) fn this() -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            name: "pairbench".to_owned(),
            version,
        }
    }
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// As it was typed.
    pub(crate) benchmark: Option<String>,
    /// What that was.
    #[serde(default)]
    pub(crate) definition: Option<Definition>,
    pub(crate) subsets: Vec<String>,
    pub(crate) limit: Option<usize>,
    pub(crate) batch_tokens: usize,
    pub(crate) device: String,
    pub(crate) dtype: String,
    pub int8_batch: Option<u32>,
    #[serde(default)]
    pub(crate) against: Option<String>,
    #[serde(default)]
    pub(crate) gate: Vec<String>,
    #[serde(default)]
    pub(crate) seed: Option<u64>,
    pub(crate) published: Option<String>,
    pub(crate) cache: bool,
    #[serde(default)]
    pub(crate) fingerprint: Option<String>,
    /// Everything that decides a verdict.
    #[serde(default)]
    pub(crate) content: Option<Fingerprint>,
}

/// One model of the run, and what its verdicts took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ModelRecord {
    pub(crate) name: String,
    /// Key `facts` or `imported`.
    #[serde(flatten)]
    pub(crate) source: VerdictSource,
    #[serde(default)]
    pub(crate) fingerprint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) precision: Option<PrecisionRecord>,
    /// That went through the model.
    #[serde(deserialize_with = "bounded")]
    pub(crate) tokens: usize,
    pub(crate) seconds: f64,
    /// Batches that were halved for want of memory.
    #[serde(default, deserialize_with = "bounded")]
    pub(crate) halved: usize,
    /// Rows that were computed again in f32.
    #[serde(default, deserialize_with = "bounded")]
    pub again_in_f32: usize,
    /// What was shown of the verdicts, with `--dtype verified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) verification: Option<Verification>,
    #[serde(deserialize_with = "bounded")]
    pub(crate) pairs: usize,
    /// [`margins_of`](crate::scoring::fingerprint::margins_of) its verdicts, which says that those in
    /// the directory are this model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) margins: Option<String>,
    /// Verdicts that the journal had already.
    #[serde(deserialize_with = "bounded")]
    pub(crate) resumed: usize,
    /// Verdicts from the cache.
    #[serde(deserialize_with = "bounded")]
    pub(crate) cached: usize,
    #[serde(default)]
    pub(crate) not_scored: Vec<NotScored>,
}

impl ModelRecord {
    /// The same model in another shard of the run is added.
    pub(crate) fn add(&mut self, other: &Self) {
        self.tokens += other.tokens;
        self.seconds += other.seconds;
        self.halved += other.halved;
        self.again_in_f32 += other.again_in_f32;
        if let (Some(own), Some(other)) = (&mut self.verification, &other.verification) {
            own.add(other);
        }
        self.pairs += other.pairs;
        // Of no shard.
        self.margins = None;
        self.resumed += other.resumed;
        self.cached += other.cached;
        self.not_scored.extend(other.not_scored.iter().cloned());
        self.not_scored.sort_by_key(|not| not.row);
    }
}

/// In which types a model was computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PrecisionRecord {
    /// Of the weights in memory.
    pub(crate) storage: String,
    /// Of the factors of products.
    pub(crate) arithmetic: String,
}

/// Why an item's verdict is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NotScored {
    pub(crate) row: usize,
    pub(crate) reason: String,
}

/// The machine, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Host {
    pub(crate) os: String,
    pub(crate) arch: String,
    pub(crate) threads: usize,
}

impl Host {
    /// This machine.
    pub(crate) fn this() -> Self {
        let [os, arch] = [std::env::consts::OS, std::env::consts::ARCH].map(str::to_owned);
        Self {
            os,
            arch,
            threads: rayon::current_num_threads(),
        }
    }
}

/// A run whose gate was settled before every pair was scored. The order is what its confidence
/// sequences rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoppedEarly {
    /// All pairs that were to be scored, by subset.
    pub(crate) planned: BTreeMap<String, usize>,
    /// The rows of those that were, in the order in which they were drawn.
    pub(crate) order: Vec<usize>,
}

impl StoppedEarly {
    /// How many pairs, why not all, and what that does to the figures: intervals are those of a
    /// number of pairs that was fixed before.
    pub(crate) fn note(&self) -> String {
        format!(
            "{} of {}, in random order: the gate was settled (--against); 95 % intervals of \
             accuracies do not allow for that",
            self.order.len(),
            count(self.planned.values().sum(), "pair")
        )
    }
}

/// What the report of a run says that its shards cannot say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Whole {
    pub(crate) title: String,
    pub(crate) partial: Option<String>,
}

/// A shard that was merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShardRecord {
    pub(crate) shard: Shard,
    pub(crate) host: Host,
}

impl RunRecord {
    /// What the `run.json` of a directory says.
    pub(super) fn read(dir: &Path) -> Result<Self> {
        json_file::read(&dir.join(NAME), SCHEMA, |record: &Self| record.schema)
    }

    /// What was run, to compare with what is asked for; or why that cannot be said.
    pub(crate) fn what_was_run(&self) -> std::result::Result<&Fingerprint, &'static str> {
        let is_imported = |model: &ModelRecord| model.source.imported().is_some();
        if self.models.iter().any(is_imported) {
            return Err("it was imported: nothing was run");
        }
        let content = self.plan.content.as_ref();
        content.ok_or("its run.json does not say what was run: an older version wrote it")
    }

    /// The record of a run whose shards these are, in order; `fingerprint` is the whole run's.
    pub(crate) fn merged(parts: &[Self], fingerprint: &Fingerprint) -> Self {
        let mut merged = parts[0].clone();
        let earliest = |times: Vec<f64>| times.into_iter().min_by(f64::total_cmp);
        let latest = |times: Vec<f64>| times.into_iter().max_by(f64::total_cmp);
        for part in &parts[1..] {
            for (model, other) in merged.models.iter_mut().zip(&part.models) {
                model.add(other);
            }
            merged.sessions.extend(part.sessions.iter().cloned());
        }
        merged.started = earliest(parts.iter().filter_map(|part| part.started).collect());
        merged.ended = latest(parts.iter().filter_map(|part| part.ended).collect());
        merged.shards = parts.iter().filter_map(Self::as_shard).collect();
        merged.plan.fingerprint = Some(fingerprint.digest());
        merged.plan.content = Some(fingerprint.clone());
        merged.whole = None;
        merged
    }

    fn as_shard(&self) -> Option<ShardRecord> {
        let shard = self.plan.content.as_ref()?.shard?;
        Some(ShardRecord {
            shard,
            host: self.host.clone(),
        })
    }
}
