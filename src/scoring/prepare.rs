//! Items → token rows, or why an item cannot be scored.

use std::borrow::Borrow;

use rayon::prelude::*;

use crate::data::Item;
use crate::model::PairConfig;
use crate::model::heads::pairwise::Markers;
use crate::scoring::verdict::{BothOrders, Outcome, ScoredItem};
use crate::support::error::{Error, Result};
use crate::text::Tokenizer;
use crate::text::contract::{Encoded, InputContract, Row};

/// An item as token rows, or why it cannot be scored.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Chosen answer left, then rejected answer left.
    rows: Option<[Row; 2]>,
    unscorable: Option<String>,
}

/// A row to compute: of which item, in which order.
pub(crate) struct Job<'a> {
    pub(crate) item: usize,
    pub(crate) order: usize,
    pub(crate) ids: &'a [u32],
    pub(crate) markers: Markers,
}

impl Prepared {
    /// The token row with the chosen answer left.
    pub fn chosen_first(&self) -> Option<&Row> {
        self.rows.as_ref().map(|[ab, _]| ab)
    }

    pub fn is_unscorable(&self) -> bool {
        self.unscorable.is_some()
    }

    /// Tokens that go through the model.
    pub(crate) fn work(&self) -> usize {
        self.computed().map(|(_, row)| row.ids.len()).sum()
    }

    /// Orders to compute with their rows. Equal rows are computed once: their margin is exactly 0,
    /// whatever a kernel does with its neighbours.
    fn computed(&self) -> impl Iterator<Item = (usize, &Row)> {
        let rows = self.rows.as_ref().filter(|_| self.unscorable.is_none());
        let orders = rows.map_or(0, |[ab, ba]| if ab.ids == ba.ids { 1 } else { 2 });
        rows.into_iter().flatten().enumerate().take(orders)
    }

    /// The item with the logits of its orders, as far as they were computed.
    pub(crate) fn scored(&self, item: &Item, logits: [Option<f32>; 2]) -> ScoredItem {
        let logit_ab = logits[0].unwrap_or(f32::NAN);
        let logit_ba = match &self.rows {
            Some([ab, ba]) if ab.ids == ba.ids => logit_ab,
            _ => logits[1].unwrap_or(f32::NAN),
        };
        let of = |order: usize, part: fn(&Row) -> usize| {
            self.rows.as_ref().map_or(0, |rows| part(&rows[order]))
        };
        let outcome = BothOrders {
            logit_ab,
            logit_ba,
            unscorable: self.unscorable.clone(),
            tokens_ab: of(0, |row| row.ids.len()),
            tokens_ba: of(1, |row| row.ids.len()),
            source_cut: of(0, |row| row.source_cut),
            chosen_cut: of(0, |row| row.first_cut),
            rejected_cut: of(0, |row| row.second_cut),
        };
        ScoredItem::new(item, Outcome::Pairwise(outcome))
    }
}

/// Turns items into token rows, in parallel.
///
/// # Errors
/// The tokenizer's, with the item's row.
pub fn prepare<I: Borrow<Item> + Sync>(
    items: &[I],
    contract: InputContract,
    tokenizer: &Tokenizer,
    config: &PairConfig,
) -> Result<Vec<Prepared>> {
    let one = |item: &I| {
        let item = item.borrow();
        let encoded = contract.encode(tokenizer, item).map_err(|error| {
            let what = format!(
                "failed to turn row {} ({}) into tokens",
                item.row, item.subset
            );
            Error::bad_input(what).caused_by(error)
        })?;
        Ok(match encoded {
            Encoded::BothOrders(rows) => {
                let unscorable = rows.iter().find_map(|row| unscorable(config, row));
                Prepared {
                    rows: Some(rows),
                    unscorable,
                }
            }
            Encoded::Unscorable(reason) => Prepared {
                rows: None,
                unscorable: Some(reason),
            },
        })
    };
    items.par_iter().map(one).collect()
}

/// About how many tokens go through the model for all items, from a few of them: for an estimate of
/// the time. Items that become no token rows, or fail to, are the scoring's to report.
#[expect(clippy::cast_precision_loss, reason = "for an estimate")]
pub(crate) fn expected_tokens(
    items: &[&Item],
    contract: InputContract,
    tokenizer: &Tokenizer,
    config: &PairConfig,
) -> f64 {
    const SAMPLE: usize = 64;
    let every = items.len().div_ceil(SAMPLE).max(1);
    let sample: Vec<&Item> = items.iter().step_by(every).copied().collect();
    let prepared = prepare(&sample, contract, tokenizer, config).unwrap_or_default();
    let tokens: usize = prepared.iter().map(Prepared::work).sum();
    tokens as f64 * items.len() as f64 / sample.len().max(1) as f64
}

fn unscorable(config: &PairConfig, row: &Row) -> Option<String> {
    if let Err(error) = config.markers(&row.ids) {
        return Some(error.to_string());
    }
    let (tokens, limit) = (row.ids.len(), config.architecture().position_limit()?);
    (tokens > limit)
        .then(|| format!("{tokens} tokens, the model's absolute positions end at {limit}"))
}

/// Every row that the model must compute.
pub(crate) fn jobs<'a>(prepared: &'a [Prepared], config: &PairConfig) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    for (item, prepared) in prepared.iter().enumerate() {
        for (order, row) in prepared.computed() {
            if let Ok(markers) = config.markers(&row.ids) {
                jobs.push(Job {
                    item,
                    order,
                    ids: &row.ids,
                    markers,
                });
            }
        }
    }
    jobs
}
