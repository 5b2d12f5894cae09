//! Items → token rows, or why an item cannot be scored.

use std::borrow::Borrow;

use rayon::prelude::*;

use crate::data::Item;
use crate::model::{InputRow, ModelConfig, TokenRow};
use crate::scoring::verdict::{AnswerScores, BothOrders, Outcome, ScoredItem};
use crate::support::error::{Error, Result};
use crate::text::Tokenizer;
use crate::text::contract::{Encoded, InputContract, ItemRows};

/// An item as token rows, or why it cannot be scored.
#[derive(Debug, Clone)]
pub struct Prepared {
    contract: InputContract,
    rows: Option<ItemRows>,
    unscorable: Option<String>,
}

/// Where a row belongs: to which item, and which of its two it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) item: usize,
    pub(crate) row: usize,
}

impl Prepared {
    /// The token rows: that with the chosen answer left and that with the rejected answer left, or
    /// that of the chosen and that of the rejected answer.
    pub fn token_rows(&self) -> Option<[TokenRow<'_>; 2]> {
        self.rows.as_ref().map(token_rows)
    }

    /// Ids that truncation removed from the prompt, the chosen and the rejected answer.
    pub(crate) fn cuts(&self) -> [usize; 3] {
        match &self.rows {
            None => [0; 3],
            Some(ItemRows::BothOrders([ab, _])) => [ab.source_cut, ab.first_cut, ab.second_cut],
            Some(ItemRows::EachAnswer([chosen, rejected])) => [
                chosen.source_cut.max(rejected.source_cut),
                chosen.answer_cut,
                rejected.answer_cut,
            ],
        }
    }

    pub fn is_unscorable(&self) -> bool {
        self.unscorable.is_some()
    }

    /// Tokens that go through the model.
    pub(crate) fn work(&self) -> usize {
        self.computed().map(|(_, row)| row.ids.len()).sum()
    }

    /// The rows to compute, with which of the two each is. Equal rows are computed once: their margin is exactly
    /// 0, whatever a kernel does with its neighbours.
    fn computed(&self) -> impl Iterator<Item = (usize, TokenRow<'_>)> {
        let rows = self.token_rows().filter(|_| !self.is_unscorable());
        let places = if are_equal(rows) { 1 } else { 2 };
        rows.into_iter().flatten().enumerate().take(places)
    }

    /// The item with the model's numbers for its rows, as far as they were computed.
    pub(crate) fn scored(&self, item: &Item, numbers: [Option<f32>; 2]) -> ScoredItem {
        let rows = self.token_rows();
        let [first, second] = numbers.map(|number| number.unwrap_or(f32::NAN));
        let second = if are_equal(rows) { first } else { second };
        let [first_tokens, second_tokens] = rows.map_or([0; 2], |rows| rows.map(|r| r.ids.len()));
        let [source_cut, chosen_cut, rejected_cut] = self.cuts();
        let unscorable = self.unscorable.clone();
        let outcome = match self.contract {
            InputContract::Pairwise(_) => Outcome::Pairwise(BothOrders {
                logit_ab: first,
                logit_ba: second,
                unscorable,
                tokens_ab: first_tokens,
                tokens_ba: second_tokens,
                source_cut,
                chosen_cut,
                rejected_cut,
            }),
            InputContract::Scalar(_) => Outcome::Scalar(AnswerScores {
                score_chosen: first,
                score_rejected: second,
                unscorable,
                tokens_chosen: first_tokens,
                tokens_rejected: second_tokens,
                source_cut,
                chosen_cut,
                rejected_cut,
            }),
        };
        ScoredItem::new(item, outcome)
    }
}

/// What the model reads of an item.
fn token_rows(rows: &ItemRows) -> [TokenRow<'_>; 2] {
    match rows {
        ItemRows::BothOrders(rows) => rows.each_ref().map(|row| row.ids.as_slice().into()),
        ItemRows::EachAnswer(rows) => rows.each_ref().map(|row| TokenRow {
            ids: &row.ids,
            second_segment: row.second_segment,
            is_first_masked: row.is_first_masked,
        }),
    }
}

fn are_equal(rows: Option<[TokenRow; 2]>) -> bool {
    rows.is_some_and(|[first, second]| first == second)
}

/// Turns items into token rows, in parallel.
///
/// # Errors
/// The tokenizer's, with the item's row.
pub fn prepare<I: Borrow<Item> + Sync>(
    items: &[I],
    contract: InputContract,
    tokenizer: &Tokenizer,
    config: &ModelConfig,
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
        let (rows, unscorable) = match encoded {
            Encoded::Rows(rows) => {
                let unscorable = token_rows(&rows)
                    .into_iter()
                    .find_map(|row| unscorable(config, row));
                (Some(rows), unscorable)
            }
            Encoded::Unscorable(reason) => (None, Some(reason)),
        };
        Ok(Prepared {
            contract,
            rows,
            unscorable,
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
    config: &ModelConfig,
) -> f64 {
    const SAMPLE: usize = 64;
    let every = items.len().div_ceil(SAMPLE).max(1);
    let sample: Vec<&Item> = items.iter().step_by(every).copied().collect();
    let prepared = prepare(&sample, contract, tokenizer, config).unwrap_or_default();
    let tokens: usize = prepared.iter().map(Prepared::work).sum();
    tokens as f64 * items.len() as f64 / sample.len().max(1) as f64
}

/// Why the model cannot take a row.
fn unscorable(config: &ModelConfig, row: TokenRow) -> Option<String> {
    if row.ids.is_empty() {
        return Some("it has no tokens".to_owned());
    }
    if let Err(error) = config.head.positions(row.ids) {
        return Some(error.to_string());
    }
    let architecture = config.architecture();
    let tokens = row.ids.len();
    if let Some(limit) = architecture
        .position_limit()
        .filter(|limit| tokens > *limit)
    {
        return Some(format!(
            "{tokens} tokens, the model's absolute positions end at {limit}"
        ));
    }
    let has_two = row.second_segment.is_some();
    let limit = architecture
        .segment_limit()
        .filter(|limit| has_two && *limit < 2);
    limit.map(|_| "two segments, the model has embeddings for one".to_owned())
}

/// Every row that the model must compute.
pub(crate) fn jobs<'a>(
    prepared: &'a [Prepared],
    config: &ModelConfig,
) -> Vec<(Place, InputRow<'a>)> {
    let mut jobs = Vec::new();
    for (item, prepared) in prepared.iter().enumerate() {
        for (row, tokens) in prepared.computed() {
            if let Ok(input) = config.input_row(tokens) {
                jobs.push((Place { item, row }, input));
            }
        }
    }
    jobs
}
