//! A run directory: what is written when a run ends, and read back.

mod columns;
mod counts;
mod json_file;
pub(crate) mod output;
pub(crate) mod record;
mod several_columns;
mod summary;
pub(crate) mod verdict_source;
pub(crate) mod verdicts;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::benchmark::Named;
use crate::scoring::fingerprint::Fingerprint;
use crate::scoring::journal;
use crate::scoring::run_dir::record::RunRecord;
use crate::scoring::verdict::ScoredItem;
use crate::support::error::Result;

pub(crate) use summary::{SUMMARY_SCHEMA, Summary};

/// What `pairbench run --out` left behind.
#[derive(Debug)]
pub struct RunDir {
    pub(crate) path: PathBuf,
    pub(crate) record: RunRecord,
    /// What each model said, in the order of the run.
    pub models: Vec<(String, Vec<ScoredItem>)>,
}

impl RunDir {
    pub fn open(path: &Path) -> Result<Self> {
        let unfinished = path.join(journal::NAME).exists() && !path.join(record::NAME).exists();
        let record = RunRecord::read(path).map_err(|e| {
            if unfinished {
                e.hint("the run there is not finished: go on with it with --resume")
            } else {
                e
            }
        })?;
        let mut models: Vec<(String, Vec<ScoredItem>)> = Vec::new();
        for (model, item) in verdicts::read(&path.join("verdicts.parquet"))? {
            match models.iter_mut().find(|(known, _)| *known == model) {
                Some((_, items)) => items.push(item),
                None => models.push((model, vec![item])),
            }
        }
        counts::check(&models, &record, path)?;
        for ((_, items), model) in models.iter_mut().zip(&record.models) {
            let reasons: HashMap<usize, &str> = model
                .not_scored
                .iter()
                .map(|not| (not.row, not.reason.as_str()))
                .collect();
            for item in items {
                let reason = reasons.get(&item.row).map(|&reason| reason.to_owned());
                item.outcome.set_unscorable(reason);
            }
        }
        Ok(Self {
            path: path.to_owned(),
            record,
            models,
        })
    }

    /// What else was said of the run.
    pub(crate) fn summary(&self) -> Result<Summary> {
        let path = self.path.join("summary.json");
        let schema = |summary: &Summary| summary.schema;
        let summary = json_file::read(&path, SUMMARY_SCHEMA, schema)?;
        let items = self
            .models
            .iter()
            .map(|(_, items)| items.len())
            .max()
            .unwrap_or(0);
        summary.check(items, &path)?;
        Ok(summary)
    }

    /// Its benchmark; the quickstart is what runs when none is typed.
    pub(crate) fn benchmark(&self) -> Option<Named<'_>> {
        let is_quickstart = || {
            self.record
                .data
                .iter()
                .any(|file| file.embedded().is_some())
        };
        let typed = self
            .record
            .plan
            .benchmark
            .as_deref()
            .or_else(|| is_quickstart().then_some("quickstart"))?;
        Some(Named {
            typed,
            definition: self.record.plan.definition.as_ref(),
        })
    }

    /// A model's verdicts.
    pub fn verdicts_of(&self, model: &str) -> Option<&[ScoredItem]> {
        self.models
            .iter()
            .find(|(name, _)| name == model)
            .map(|(_, verdicts)| verdicts.as_slice())
    }

    /// Forgets all other models.
    pub(crate) fn keep_only(&mut self, model: &str) {
        self.models.retain(|(name, _)| name == model);
        // The plan names no models: its fingerprints are in the order of the record.
        if let Some(content) = &mut self.record.plan.content {
            let mut records = self.record.models.iter();
            content
                .models
                .retain(|_| records.next().is_some_and(|record| record.name == model));
        }
        self.record.models.retain(|record| record.name == model);
    }

    /// Whether it was on the files and columns that a run of this fingerprint reads: rows with the
    /// same number are the same pair then.
    pub(crate) fn has_read(&self, fingerprint: &Fingerprint) -> bool {
        let map = fingerprint.map.as_deref();
        let files = fingerprint.data.iter();
        self.data().eq(files.map(|sha256| (sha256.as_str(), map)))
    }

    /// The same of what another run has read. Imported results do not say what they are of.
    pub(crate) fn has_data_of(&self, other: &Self) -> bool {
        !self.record.data.is_empty() && self.data().eq(other.data())
    }

    /// Hashes of the files, in their order, and which columns of them were read.
    fn data(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let files = self.record.data.iter();
        files.map(|file| (file.sha256.as_str(), file.map.as_deref()))
    }
}
