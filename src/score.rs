//! Pairs → verdicts: both orders of every pair through the model, the margin, the decision.

use std::ops::ControlFlow;
use std::time::Instant;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dataset::{Id, Pair};
use crate::error::{Error, Result};
use crate::model::pair_head::Markers;
use crate::model::{PairConfig, PairModel, TokenRows};
use crate::template::{Row, Template};
use crate::tokens::{Tokenizer, batch};

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
}

/// Turns pairs into token rows, in parallel.
pub fn prepare(pairs: &[Pair], template: Template, tokenizer: &Tokenizer, config: &PairConfig) -> Result<Vec<Prepared>> {
    pairs
        .par_iter()
        .map(|pair| {
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

/// Pairs that are scored together: on a large model a sign of life every few seconds, and enough rows for
/// full batches.
const CHUNK: usize = 16;
/// Chunks whose texts are tokens already, while those before them are in the model.
const AHEAD: usize = 8;

/// Scores pairs as they become token rows. `each` is given the verdicts of each chunk and the tokens that they took;
/// it may end the scoring there.
///
/// Also returns the seconds that the model waited for tokens.
pub fn score(
    pairs: &[Pair],
    template: Template,
    tokenizer: &Tokenizer,
    model: &PairModel,
    limits: Limits,
    mut each: impl FnMut(&[Verdict], usize) -> Result<ControlFlow<()>>,
) -> Result<(Vec<Verdict>, f64)> {
    let (send, receive) = std::sync::mpsc::sync_channel(AHEAD);
    std::thread::scope(move |scope| {
        // Ends with this closure, after an error too: the sender then stops waiting for room.
        let receive = receive;
        let size = limits.pairs.map_or(CHUNK, |n| CHUNK.next_multiple_of(n));
        scope.spawn(move || {
            for chunk in pairs.chunks(size) {
                if send.send(prepare(chunk, template, tokenizer, model.config())).is_err() {
                    break;
                }
            }
        });
        let (mut verdicts, mut waited) = (Vec::with_capacity(pairs.len()), 0.0);
        for chunk in pairs.chunks(size) {
            let begun = Instant::now();
            let prepared = receive.recv().unwrap_or_else(|_| Err(Error::bad_input("failed to tokenise: the thread panicked")))?;
            waited += begun.elapsed().as_secs_f64();
            let scored = score_prepared(chunk, &prepared, model, limits);
            let next = each(&scored, work(&prepared))?;
            verdicts.extend(scored);
            if next.is_break() {
                break;
            }
        }
        Ok((verdicts, waited))
    })
}

fn score_prepared(pairs: &[Pair], prepared: &[Prepared], model: &PairModel, limits: Limits) -> Vec<Verdict> {
    // Rows to compute, as (pair, order). Equal rows are computed once: their margin is exactly 0,
    // whatever a kernel does with its neighbours.
    let mut jobs: Vec<(usize, usize, &[u32], Markers)> = Vec::new();
    for (at, prepared) in prepared.iter().enumerate().filter(|(_, p)| p.invalid.is_none()) {
        let Some([ab, ba]) = &prepared.rows else { continue };
        for (order, row) in [ab, ba].into_iter().enumerate() {
            if order == 1 && ab.ids == ba.ids {
                continue;
            }
            if let Ok(markers) = model.config().markers(&row.ids) {
                jobs.push((at, order, &row.ids, markers));
            }
        }
    }
    let rows: Vec<(&[u32], Markers)> = jobs.iter().map(|(_, _, ids, markers)| (*ids, *markers)).collect();
    let batches = match limits.pairs {
        Some(n) => (0..pairs.len().div_ceil(n))
            .flat_map(|group| [0, 1].map(|order| (0..jobs.len()).filter(|job| jobs[*job].0 / n == group && jobs[*job].1 == order).collect()))
            .filter(|batch: &Vec<usize>| !batch.is_empty())
            .collect(),
        None => limits.batches(&rows),
    };
    let mut logits = vec![[None; 2]; pairs.len()];
    for ((pair, order, ..), value) in jobs.iter().zip(self::logits(&rows, &batches, model)) {
        logits[*pair][*order] = Some(value);
    }
    pairs.iter().zip(prepared).zip(logits).map(|((pair, prepared), logits)| verdict(pair, prepared, logits)).collect()
}

impl Limits {
    /// Rows that go together, by index.
    pub fn batches(self, rows: &[(&[u32], Markers)]) -> Vec<Vec<usize>> {
        let lengths: Vec<usize> = rows.iter().map(|(ids, _)| ids.len()).collect();
        batch::plan(&lengths, self.batch_tokens.max(1), self.batch_rows.max(1))
    }
}

/// One logit per row, in the order of the rows.
pub fn logits(rows: &[(&[u32], Markers)], batches: &[Vec<usize>], model: &PairModel) -> Vec<f32> {
    let mut logits = vec![f32::NAN; rows.len()];
    for members in batches {
        let packed = TokenRows::new(members.iter().map(|row| rows[*row].0));
        let markers: Vec<Markers> = members.iter().map(|row| rows[*row].1).collect();
        let values = model.logits(&packed, &markers).into_data();
        for (row, value) in members.iter().zip(values.iter::<f32>()) {
            logits[*row] = value;
        }
    }
    logits
}

/// Tokens that go through the model.
fn work(prepared: &[Prepared]) -> usize {
    let scored = prepared.iter().filter(|p| p.invalid.is_none()).filter_map(|p| p.rows.as_ref());
    scored.map(|[ab, ba]| ab.ids.len() + if ab.ids == ba.ids { 0 } else { ba.ids.len() }).sum()
}

fn verdict(pair: &Pair, prepared: &Prepared, logits: [Option<f32>; 2]) -> Verdict {
    let logit_ab = logits[0].unwrap_or(f32::NAN);
    let logit_ba = match &prepared.rows {
        Some([ab, ba]) if ab.ids == ba.ids => logit_ab,
        _ => logits[1].unwrap_or(f32::NAN),
    };
    let margin = logit_ab - logit_ba;
    let decision = Decision::of_margin(margin);
    let not_finite = || (decision == Decision::Invalid).then(|| "the margin is not finite".to_owned());
    let [ab, ba] = prepared.rows.as_ref().map_or([None, None], |[ab, ba]| [Some(ab), Some(ba)]);
    let of = |row: Option<&Row>, part: fn(&Row) -> usize| row.map_or(0, part);
    Verdict {
        row: pair.row,
        subset: pair.subset.clone(),
        id: pair.id.clone(),
        logit_ab,
        logit_ba,
        margin,
        decision,
        reason: prepared.invalid.clone().or_else(not_finite),
        tokens_ab: of(ab, |r| r.ids.len()),
        tokens_ba: of(ba, |r| r.ids.len()),
        source_cut: of(ab, |r| r.source_cut),
        chosen_cut: of(ab, |r| r.first_cut),
        rejected_cut: of(ab, |r| r.second_cut),
    }
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
