//! The parts of `summary.json` that do not follow from verdicts.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::benchmark::Dataset;
use crate::scoring::tally::Tally;
use crate::support::error::{Error, Result};

/// Version of the format: 2 has published figures as printed. What is read here is the same in 1.
pub(crate) const SUMMARY_SCHEMA: u64 = 2;

#[derive(Debug, Deserialize)]
pub(crate) struct Summary {
    pub(super) schema: u64,
    pub(crate) title: String,
    pub(crate) partial: Option<String>,
    #[serde(default)]
    pub(crate) dataset: Option<Dataset>,
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    models: BTreeMap<String, SummaryModel>,
    /// Columns that no model made.
    pub(crate) baselines: BTreeMap<String, Baseline>,
}

#[derive(Debug, Deserialize)]
struct SummaryModel {
    #[serde(default)]
    not_scored: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Baseline {
    pub(crate) subsets: BTreeMap<String, Tally>,
}

impl Summary {
    /// Why a model's first invalid items are that.
    pub(crate) fn not_scored(&self, model: &str) -> &[String] {
        self.models
            .get(model)
            .map_or(&[], |model| &model.not_scored)
    }

    /// Leaves out notes on other models, which begin with their names.
    pub(crate) fn keep_notes_on(&mut self, model: &str) {
        let others: Vec<String> = self
            .models
            .keys()
            .filter(|name| *name != model)
            .map(|name| format!("{name}: "))
            .collect();
        self.notes
            .retain(|note| !others.iter().any(|other| note.starts_with(other)));
    }

    /// Counts become the sizes of tables: none can be more than the `items` of the run.
    pub(super) fn check(&self, items: usize, path: &Path) -> Result<()> {
        for (name, baseline) in &self.baselines {
            let too_many = |tally: &Tally| tally.parts().iter().any(|part| *part > items);
            if let Some((subset, _)) = baseline.subsets.iter().find(|(_, tally)| too_many(tally)) {
                let error = Error::bad_input(format!("failed to read run: {}", path.display()));
                return Err(error.caused_by(format!(
                    "key `baselines`: {name} has more pairs in {subset} than the run, which has \
                     {items}"
                )));
            }
        }
        Ok(())
    }
}
