//! Pairs → verdicts: both orders of every pair through the model, the margin, the decision.

mod workers;

use std::borrow::Borrow;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dataset::{Id, Pair};
use crate::error::{Error, Result};
use crate::model::PairConfig;
use crate::model::pair_head::Markers;
use crate::outcome::Outcome;
use crate::template::{Row, Template};
use crate::tokens::{Tokenizer, batch};

pub use workers::{Scorer, Step, logits, score};

/// What the margin says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Margin above 0: the model prefers the chosen answer.
    Correct,
    /// Margin below 0.
    Wrong,
    /// Margin exactly 0; counts against the model, as in the reference.
    Tie,
    /// No finite margin, or no token row that the reference could score.
    Invalid,
}

impl Decision {
    pub fn of_margin(margin: f32) -> Self {
        match margin.partial_cmp(&0.0) {
            _ if !margin.is_finite() => Self::Invalid,
            Some(std::cmp::Ordering::Greater) => Self::Correct,
            Some(std::cmp::Ordering::Less) => Self::Wrong,
            _ => Self::Tie,
        }
    }

    /// The decision that files call so.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Correct, Self::Wrong, Self::Tie, Self::Invalid].into_iter().find(|decision| decision.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Correct => "correct",
            Self::Wrong => "wrong",
            Self::Tie => "tie",
            Self::Invalid => "invalid",
        }
    }
}

/// One model's result on one pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub row: usize,
    pub subset: String,
    pub id: Option<Id>,
    /// Chosen left, rejected right; NaN where the pair was not scored.
    pub logit_ab: f32,
    /// Rejected left, chosen right.
    pub logit_ba: f32,
    /// `logit_ab − logit_ba`
    pub margin: f32,
    pub decision: Decision,
    /// Why the decision is `Invalid`.
    pub reason: Option<String>,
    pub tokens_ab: usize,
    pub tokens_ba: usize,
    /// Ids that truncation removed, in the order chosen left.
    pub source_cut: usize,
    pub chosen_cut: usize,
    pub rejected_cut: usize,
}

/// How much goes through the model at once: a matter of speed and memory.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub batch_tokens: usize,
    pub batch_rows: usize,
    /// Instead of both: so many consecutive pairs, one order at a time, as the reference does it. A
    /// verdict depends on this where [`crate::model::kernel::int8::Outliers::ByBatch`] is in force.
    pub pairs: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { batch_tokens: 2048, batch_rows: 256, pairs: None }
    }
}

/// A pair as token rows, or why it cannot be scored.
#[derive(Debug, Clone)]
pub struct Prepared {
    rows: Option<[Row; 2]>,
    invalid: Option<String>,
}

impl Prepared {
    /// The token row with the chosen answer left.
    pub fn chosen_first(&self) -> Option<&Row> {
        self.rows.as_ref().map(|[ab, _]| ab)
    }

    pub fn is_invalid(&self) -> bool {
        self.invalid.is_some()
    }

    /// Tokens that go through the model.
    pub fn work(&self) -> usize {
        let rows = self.rows.as_ref().filter(|_| self.invalid.is_none());
        rows.map_or(0, |[ab, ba]| ab.ids.len() + if ab.ids == ba.ids { 0 } else { ba.ids.len() })
    }
}

/// Turns pairs into token rows, in parallel.
pub fn prepare<P: Borrow<Pair> + Sync>(pairs: &[P], template: Template, tokenizer: &Tokenizer, config: &PairConfig) -> Result<Vec<Prepared>> {
    pairs
        .par_iter()
        .map(|pair| {
            let pair = pair.borrow();
            let (a, b) = (pair.chosen_conversation(), pair.rejected_conversation());
            let row = |first, second| {
                let failed = |e| Error::bad_input(format!("failed to turn row {} ({}) into tokens", pair.row, pair.subset)).caused_by(e);
                template.row(tokenizer, first, second).map_err(failed)
            };
            let rows = [row(&a, &b)?, row(&b, &a)?];
            Ok(match rows {
                [Ok(ab), Ok(ba)] => {
                    let invalid = [&ab, &ba].into_iter().find_map(|row| unscorable(config, row));
                    Prepared { rows: Some([ab, ba]), invalid }
                }
                [Err(reason), _] | [_, Err(reason)] => Prepared { rows: None, invalid: Some(reason.to_string()) },
            })
        })
        .collect()
}

fn unscorable(config: &PairConfig, row: &Row) -> Option<String> {
    if let Err(error) = config.markers(&row.ids) {
        return Some(error.to_string());
    }
    let limit = config.encoder.absolute_positions?;
    (row.ids.len() > limit).then(|| format!("{} tokens, the model's absolute positions end at {limit}", row.ids.len()))
}

impl Limits {
    /// Rows that go together, by index.
    pub fn batches(self, rows: &[(&[u32], Markers)]) -> Vec<Vec<usize>> {
        let lengths: Vec<usize> = rows.iter().map(|(ids, _)| ids.len()).collect();
        batch::plan(&lengths, self.batch_tokens.max(1), self.batch_rows.max(1))
    }
}

fn verdict(pair: &Pair, prepared: &Prepared, logits: [Option<f32>; 2]) -> Verdict {
    let logit_ab = logits[0].unwrap_or(f32::NAN);
    let logit_ba = match &prepared.rows {
        Some([ab, ba]) if ab.ids == ba.ids => logit_ab,
        _ => logits[1].unwrap_or(f32::NAN),
    };
    let [ab, ba] = prepared.rows.as_ref().map_or([None, None], |[ab, ba]| [Some(ab), Some(ba)]);
    let of = |row: Option<&Row>, part: fn(&Row) -> usize| row.map_or(0, part);
    let outcome = Outcome {
        logit_ab,
        logit_ba,
        reason: prepared.invalid.clone(),
        tokens_ab: of(ab, |r| r.ids.len()),
        tokens_ba: of(ba, |r| r.ids.len()),
        source_cut: of(ab, |r| r.source_cut),
        chosen_cut: of(ab, |r| r.first_cut),
        rejected_cut: of(ab, |r| r.second_cut),
    };
    outcome.on(pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_by_margin() {
        for (margin, decision) in [
            (1e-9, Decision::Correct),
            (-1e-9, Decision::Wrong),
            (0.0, Decision::Tie),
            (-0.0, Decision::Tie),
            (f32::NAN, Decision::Invalid),
            (f32::INFINITY, Decision::Invalid),
        ] {
            assert_eq!(Decision::of_margin(margin), decision, "{margin}");
        }
    }
}
