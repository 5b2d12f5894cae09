//! What some rules ask of the candidate alone.

use crate::comparison::item_key::ItemKey;
use crate::metrics::{Behaviour, Tally};
use crate::scoring::{ScoredItem, Verdict};

/// Ties and invalid pairs that are named.
const NAMED: usize = 5;

/// What a candidate shows without a baseline.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) behaviour: Behaviour,
    pub(crate) total: Tally,
    /// The first ties and the first invalid pairs.
    pub(crate) ties: Vec<ItemKey>,
    pub(crate) invalid: Vec<ItemKey>,
}

impl Candidate {
    pub(crate) fn new(scored: &[ScoredItem]) -> Self {
        let mut total = Tally::default();
        for item in scored {
            total.add(item.verdict());
        }
        Self {
            behaviour: Behaviour::of(scored),
            total,
            ties: first(scored, Verdict::Tie),
            invalid: first(scored, Verdict::Invalid),
        }
    }
}

fn first(scored: &[ScoredItem], verdict: Verdict) -> Vec<ItemKey> {
    let items = scored.iter().filter(|item| item.verdict() == verdict);
    items.take(NAMED).map(ItemKey::of).collect()
}
