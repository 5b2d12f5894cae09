//! Items → token rows, or why an item cannot be scored.

use std::borrow::Borrow;
use std::collections::HashMap;

use rayon::prelude::*;

use crate::data::Item;
use crate::model::{InputRow, ModelConfig, TokenRow};
use crate::scoring::several::{ComparedAnswers, ScoredAnswers};
use crate::scoring::verdict::{AnswerScores, BothOrders, Outcome, ScoredItem};
use crate::support::error::{Error, Result};
use crate::text::Tokenizer;
use crate::text::contract::{AnswerRow, Encoded, InputContract, ItemRows};

/// An item as token rows, or why it cannot be scored.
#[derive(Debug, Clone)]
pub struct Prepared {
    contract: InputContract,
    rows: Option<ItemRows>,
    unscorable: Option<String>,
    cuts: [usize; 3],
    /// For each row the first that is equal to it.
    first: Vec<usize>,
}

/// Where a row belongs: to which item, and which of its rows it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) item: usize,
    pub(crate) row: usize,
}

impl Prepared {
    /// The token rows: one for each ordered pair of answers, or one for each answer.
    pub fn token_rows(&self) -> Option<Vec<TokenRow<'_>>> {
        self.rows.as_ref().map(token_rows)
    }

    /// Ids that truncation removed from the prompt, the chosen and the rejected answer: of a pair
    /// in the row with the chosen answer left, of several answers the most in any row.
    pub(crate) fn cuts(&self) -> [usize; 3] {
        self.cuts
    }

    pub fn is_unscorable(&self) -> bool {
        self.unscorable.is_some()
    }

    /// Why there is no token row that the reference could score.
    pub(crate) fn why_unscorable(&self) -> Option<&str> {
        self.unscorable.as_deref()
    }

    /// Tokens that go through the model.
    pub(crate) fn work(&self) -> usize {
        self.computed().map(|(_, row)| row.ids.len()).sum()
    }

    /// The rows to compute, each with its place. Equal rows are computed once, so that equal
    /// answers tie exactly, whatever a kernel does with a row's neighbours.
    fn computed(&self) -> impl Iterator<Item = (usize, TokenRow<'_>)> {
        let rows = self.token_rows().filter(|_| !self.is_unscorable());
        let rows = rows.unwrap_or_default().into_iter().enumerate();
        rows.filter(|(at, _)| self.first[*at] == *at)
    }

    /// How many rows there are, computed or equal to one that is.
    pub(crate) fn rows(&self) -> usize {
        self.rows.as_ref().map_or(0, |rows| match rows {
            ItemRows::Preferences(rows) => rows.len(),
            ItemRows::Scores(rows) => rows.len(),
        })
    }

    /// The item with the model's numbers for its rows, as far as they were computed.
    pub(crate) fn scored(&self, item: &Item, computed: &[Option<f32>]) -> ScoredItem {
        let rows = self.token_rows().unwrap_or_default();
        let number = |at: usize| {
            let found = self.first.get(at).and_then(|first| *computed.get(*first)?);
            found.unwrap_or(f32::NAN)
        };
        let tokens = |at: usize| rows.get(at).map_or(0, |row| row.ids.len());
        let outcome = match (self.contract, item.pair().is_some()) {
            (InputContract::Pairwise(_), true) => {
                self.both_orders([0, 1].map(number), [0, 1].map(tokens))
            }
            (InputContract::Scalar(_), true) => {
                self.answer_scores([0, 1].map(number), [0, 1].map(tokens))
            }
            (InputContract::Pairwise(_), false) => {
                let pairs = item.ordered_pairs().into_iter().enumerate();
                let numbers = pairs.map(|(at, pair)| (pair, number(at)));
                Outcome::Compared(ComparedAnswers {
                    unscorable: self.unscorable.clone(),
                    tokens: (0..rows.len()).map(tokens).sum(),
                    cuts: self.cuts,
                    ..ComparedAnswers::new(item, numbers)
                })
            }
            (InputContract::Scalar(_), false) => {
                let scores = (0..item.answers().len()).map(number).collect();
                Outcome::Scored(ScoredAnswers {
                    chosen: item.chosen.len(),
                    scores,
                    unscorable: self.unscorable.clone(),
                    tokens: (0..rows.len()).map(tokens).sum(),
                    cuts: self.cuts,
                })
            }
        };
        ScoredItem::new(item, outcome)
    }

    fn both_orders(&self, logits: [f32; 2], tokens: [usize; 2]) -> Outcome {
        let [logit_ab, logit_ba] = logits;
        let [tokens_ab, tokens_ba] = tokens;
        let [source_cut, chosen_cut, rejected_cut] = self.cuts;
        Outcome::Pairwise(BothOrders {
            logit_ab,
            logit_ba,
            unscorable: self.unscorable.clone(),
            tokens_ab,
            tokens_ba,
            source_cut,
            chosen_cut,
            rejected_cut,
        })
    }

    fn answer_scores(&self, scores: [f32; 2], tokens: [usize; 2]) -> Outcome {
        let [score_chosen, score_rejected] = scores;
        let [tokens_chosen, tokens_rejected] = tokens;
        let [source_cut, chosen_cut, rejected_cut] = self.cuts;
        Outcome::Scalar(AnswerScores {
            score_chosen,
            score_rejected,
            unscorable: self.unscorable.clone(),
            tokens_chosen,
            tokens_rejected,
            source_cut,
            chosen_cut,
            rejected_cut,
        })
    }
}

/// See [`Prepared::cuts`].
fn cuts(item: &Item, rows: &ItemRows) -> [usize; 3] {
    let part = |answer: usize| if answer < item.chosen.len() { 1 } else { 2 };
    let mut cuts = [0; 3];
    let mut add = |part: usize, cut: usize| cuts[part] = cuts[part].max(cut);
    match rows {
        ItemRows::Preferences(rows) => {
            let counted = if item.pair().is_some() { 1 } else { rows.len() };
            for (row, [left, right]) in rows.iter().zip(item.ordered_pairs()).take(counted) {
                add(0, row.source_cut);
                add(part(left), row.first_cut);
                add(part(right), row.second_cut);
            }
        }
        ItemRows::Scores(rows) => {
            for (answer, row) in rows.iter().enumerate() {
                add(0, row.source_cut);
                add(part(answer), row.answer_cut);
            }
        }
    }
    cuts
}

/// What the model reads of an item.
fn token_rows(rows: &ItemRows) -> Vec<TokenRow<'_>> {
    match rows {
        ItemRows::Preferences(rows) => rows.iter().map(|row| row.ids.as_slice().into()).collect(),
        ItemRows::Scores(rows) => rows.iter().map(answer_row).collect(),
    }
}

fn answer_row(row: &AnswerRow) -> TokenRow<'_> {
    TokenRow {
        ids: &row.ids,
        second_segment: row.second_segment,
        is_first_masked: row.is_first_masked,
    }
}

/// For each row the first that is equal to it.
fn first_equal(rows: &[TokenRow]) -> Vec<usize> {
    let mut known: HashMap<&[u32], Vec<usize>> = HashMap::new();
    let mut first = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        let same_ids = known.entry(row.ids).or_default();
        let equal = same_ids.iter().find(|other| rows[**other] == *row).copied();
        if equal.is_none() {
            same_ids.push(at);
        }
        first.push(equal.unwrap_or(at));
    }
    first
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
        Ok(match encoded {
            Encoded::Rows(rows) => {
                let read = token_rows(&rows);
                Prepared {
                    contract,
                    unscorable: read.iter().find_map(|row| unscorable(config, *row)),
                    cuts: cuts(item, &rows),
                    first: first_equal(&read),
                    rows: Some(rows),
                }
            }
            Encoded::Unscorable(reason) => Prepared {
                contract,
                unscorable: Some(reason),
                cuts: [0; 3],
                first: Vec::new(),
                rows: None,
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
