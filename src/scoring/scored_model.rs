//! What a session found for a model.

use std::collections::HashSet;

use crate::checkpoint::Checkpoint;
use crate::scoring::scorer::Step;
use crate::scoring::verdict::ScoredItem;
use crate::scoring::verification::Verification;

/// What one model said of all items.
pub(crate) struct ScoredModel {
    pub(crate) checkpoint: Checkpoint,
    /// In the order of their rows.
    pub(crate) items: Vec<ScoredItem>,
    /// Rows of outcomes from the journal, and from the cache.
    pub(super) resumed: HashSet<usize>,
    pub(super) cached: HashSet<usize>,
    pub(crate) spent: Spent,
    /// What was shown of them, where they were computed in two precisions in this process.
    pub(crate) verification: Option<Verification>,
}

impl ScoredModel {
    /// Keeps the outcomes of these rows.
    pub(crate) fn retain(&mut self, counts: impl Fn(usize) -> bool) {
        self.items.retain(|item| counts(item.row));
        self.resumed.retain(|row| counts(*row));
        self.cached.retain(|row| counts(*row));
    }

    /// How many outcomes came from the journal.
    pub(crate) fn resumed(&self) -> usize {
        self.resumed.len()
    }

    /// How many outcomes came from the cache.
    pub(crate) fn cached(&self) -> usize {
        self.cached.len()
    }
}

/// What this process needed for a model's outcomes.
#[derive(Default)]
pub(crate) struct Spent {
    /// That went through the model.
    pub(crate) tokens: usize,
    pub(crate) seconds: f64,
    /// Batches that were halved for want of memory.
    pub(crate) halved: usize,
    /// Rows that were computed again in f32: their logit in half precision was not finite.
    pub(crate) again: usize,
}

impl Spent {
    pub(super) fn plus(&mut self, other: &Self) {
        self.tokens += other.tokens;
        self.seconds += other.seconds;
        self.halved += other.halved;
        self.again += other.again;
    }

    pub(super) fn add(&mut self, step: &Step) {
        self.tokens += step.tokens;
        self.halved += step.halved;
        self.again += step.again;
    }
}
