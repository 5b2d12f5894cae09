//! One model in one precision, and which items it still has to score.

use std::collections::{HashMap, HashSet};

use crate::checkpoint::{Checkpoint, PrecisionName};
use crate::data::Item;
use crate::device::backend::Backend;
use crate::model::RewardModel;
use crate::scoring::cache;
use crate::scoring::cache::Cache;
use crate::scoring::scored_model::Spent;
use crate::scoring::verdict::{Outcome, ScoredItem};
use crate::support::error::{Result, one_line};

/// Outcomes by row.
pub(crate) type Done = HashMap<usize, ScoredItem>;

/// A model that is being scored.
pub(crate) struct ModelPass<'a> {
    /// Its place in the fingerprint.
    pub(crate) at: usize,
    pub(crate) checkpoint: &'a Checkpoint,
    pub(crate) backend: Backend,
    /// In a run that computes in two precisions, which of them this is.
    pub(crate) precision: Option<PrecisionName>,
    pub(crate) cache: Cache,
    /// On each device, once an item needed it.
    models: Option<Vec<RewardModel>>,
}

/// Where outcomes came from, and what those cost that were computed.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) resumed: HashSet<usize>,
    pub(crate) cached: HashSet<usize>,
    pub(crate) spent: Spent,
}

impl<'a> ModelPass<'a> {
    pub(crate) fn new(
        at: usize,
        checkpoint: &'a Checkpoint,
        backend: Backend,
        precision: Option<PrecisionName>,
        cache: Cache,
    ) -> Self {
        Self {
            at,
            checkpoint,
            backend,
            precision,
            cache,
            models: None,
        }
    }

    /// For messages.
    pub(crate) fn label(&self) -> String {
        let name = one_line(&self.checkpoint.name);
        match self.precision {
            Some(precision) => format!("{name} in {}", precision.as_str()),
            None => name,
        }
    }

    /// The model on each device; a copy shares its weights.
    pub(crate) fn models(&mut self) -> Result<Vec<RewardModel>> {
        if let Some(models) = &self.models {
            return Ok(models.clone());
        }
        let models = self.backend.load(self.checkpoint)?;
        self.models = Some(models.clone());
        Ok(models)
    }
}

/// Items without an outcome. `once`: items with the same text are scored once and looked up in the
/// cache afterwards; an observer that waits for its next item cannot wait for that.
pub(crate) fn missing<'a>(items: &[&'a Item], done: &Done, once: bool) -> Vec<&'a Item> {
    let mut texts = HashSet::new();
    let mut is_missing =
        |item: &&Item| !done.contains_key(&item.row) && (!once || texts.insert(cache::key(item)));
    items
        .iter()
        .copied()
        .filter(|item| is_missing(item))
        .collect()
}

/// The cache's keys by row; none where it is off.
pub(crate) fn cache_keys(items: &[&Item], cache: &Cache) -> HashMap<usize, String> {
    let items = items.iter().filter(|_| cache.is_on());
    items.map(|item| (item.row, cache::key(item))).collect()
}

/// Outcomes with the cache's keys.
pub(crate) fn keyed(
    scored: &[ScoredItem],
    keys: &HashMap<usize, String>,
) -> Vec<(String, Outcome)> {
    let keyed = |item: &ScoredItem| Some((keys.get(&item.row)?.clone(), item.outcome.clone()));
    scored.iter().filter_map(keyed).collect()
}

/// Where outcomes depend on their neighbours, those of a group count only together.
pub(crate) fn keep_whole_groups(done: &mut Done, items: &[&Item], n: usize) {
    for group in items.chunks(n) {
        if group.iter().any(|item| !done.contains_key(&item.row)) {
            for item in group {
                done.remove(&item.row);
            }
        }
    }
}
