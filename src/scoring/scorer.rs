//! A model that is ready to score, and what each batch of its rows brings.

use crate::model::RewardModel;
use crate::scoring::verdict::ScoredItem;
use crate::support::error::Result;

/// A model that is ready to score, on each of the devices.
pub struct Scorer<'a> {
    pub models: Vec<RewardModel>,
    /// Loads it once more on the device of this place, in f32, for rows whose logit is not finite;
    /// `None` where it is in f32 already.
    pub exact: Option<&'a (dyn Fn(usize) -> Result<RewardModel> + Sync)>,
    /// Whether the devices have a queue: they get batches ahead, in few sizes.
    pub queues: bool,
}

/// What one more batch brought.
#[derive(Debug, Default)]
pub struct Step {
    /// The items whose last row was in it. Long items come before short ones, and devices do not
    /// wait for each other: the first outcomes are no random sample of all.
    pub scored: Vec<ScoredItem>,
    /// That went through the model.
    pub(crate) tokens: usize,
    /// Batches that were halved before it, for lack of memory.
    pub(crate) halved: usize,
    /// Rows that were computed again in f32.
    pub(crate) again: usize,
}
