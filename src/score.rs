//! Pairs → verdicts: both orders of every pair through the model, the margin, the decision.

use std::borrow::Borrow;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Instant;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dataset::{Id, Pair};
use crate::error::{Error, Kind, Result};
use crate::memory;
use crate::model::pair_head::Markers;
use crate::model::{PairConfig, PairModel, TokenRows};
use crate::outcome::Outcome;
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

/// Pairs whose rows are sorted into batches together: enough for full ones.
const CHUNK: usize = 16;
/// Chunks whose texts are tokens already, while those before them are in the model.
const AHEAD: usize = 8;

/// One more batch of pairs.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Of the pairs whose last row was in it. Longer pairs come before shorter ones: who judges by the first verdicts must
    /// wait until none is left out.
    pub verdicts: &'a [Verdict],
    /// That went through the model.
    pub tokens: usize,
    /// Batches that were halved before, for want of memory.
    pub halved: usize,
}

/// Scores pairs as they become token rows. `each` is given the verdicts of each batch, and may end the scoring there.
///
/// Returns the verdicts in the order of the pairs, and the seconds that the model waited for tokens.
pub fn score<P: Borrow<Pair> + Sync>(
    pairs: &[P],
    template: Template,
    tokenizer: &Tokenizer,
    model: &PairModel,
    limits: Limits,
    mut each: impl FnMut(Step) -> Result<ControlFlow<()>>,
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
            let (scored, next) = score_chunk(chunk, &prepared, model, limits, &mut each)?;
            verdicts.extend(scored);
            if next.is_break() {
                break;
            }
        }
        Ok((verdicts, waited))
    })
}

/// A row to compute: of which pair, in which order.
struct Job<'a> {
    pair: usize,
    order: usize,
    ids: &'a [u32],
    markers: Markers,
}

/// Equal rows are computed once: their margin is exactly 0, whatever a kernel does with its neighbours.
fn jobs<'a>(prepared: &'a [Prepared], config: &PairConfig) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    for (pair, prepared) in prepared.iter().enumerate().filter(|(_, p)| p.invalid.is_none()) {
        let Some([ab, ba]) = &prepared.rows else { continue };
        for (order, row) in [ab, ba].into_iter().enumerate().take(if ab.ids == ba.ids { 1 } else { 2 }) {
            if let Ok(markers) = config.markers(&row.ids) {
                jobs.push(Job { pair, order, ids: &row.ids, markers });
            }
        }
    }
    jobs
}

fn score_chunk<P: Borrow<Pair>>(
    pairs: &[P],
    prepared: &[Prepared],
    model: &PairModel,
    limits: Limits,
    each: &mut impl FnMut(Step) -> Result<ControlFlow<()>>,
) -> Result<(Vec<Verdict>, ControlFlow<()>)> {
    let jobs = jobs(prepared, model.config());
    let rows: Vec<(&[u32], Markers)> = jobs.iter().map(|job| (job.ids, job.markers)).collect();
    let batches: Vec<Vec<usize>> = match limits.pairs {
        Some(n) => (0..pairs.len().div_ceil(n))
            .flat_map(|group| [0, 1].map(|order| (0..jobs.len()).filter(|job| jobs[*job].pair / n == group && jobs[*job].order == order).collect()))
            .filter(|batch: &Vec<usize>| !batch.is_empty())
            .collect(),
        None => limits.batches(&rows),
    };
    let mut left = vec![0; pairs.len()];
    for job in &jobs {
        left[job.pair] += 1;
    }
    let mut logits = vec![[None; 2]; pairs.len()];
    let mut verdicts: Vec<Option<Verdict>> = vec![None; pairs.len()];
    let mut next = ControlFlow::Continue(());
    // The first batch is empty: pairs that need no model are finished with it.
    let mut waiting: VecDeque<Vec<usize>> = std::iter::once(Vec::new()).chain(batches).collect();
    let mut halved = 0;
    while let Some(mut batch) = waiting.pop_front() {
        let tokens = batch.iter().map(|job| jobs[*job].ids.len()).sum();
        if !memory::suffices(tokens, &model.config().encoder) {
            // Where a verdict depends on its batch, that cannot be another one.
            if batch.len() == 1 || limits.pairs.is_some() {
                return Err(no_memory(pairs[jobs[batch[0]].pair].borrow(), tokens));
            }
            halved += 1;
            let second = batch.split_off(batch.len() / 2);
            waiting.push_front(second);
            waiting.push_front(batch);
            continue;
        }
        for (job, value) in batch.iter().map(|job| &jobs[*job]).zip(batch_logits(&rows, &batch, model)) {
            logits[job.pair][job.order] = Some(value);
            left[job.pair] -= 1;
        }
        let finished: Vec<usize> = (0..pairs.len()).filter(|pair| left[*pair] == 0 && verdicts[*pair].is_none()).collect();
        let new: Vec<Verdict> = finished.iter().map(|pair| verdict(pairs[*pair].borrow(), &prepared[*pair], logits[*pair])).collect();
        next = each(Step { verdicts: &new, tokens, halved: std::mem::take(&mut halved) })?;
        finished.into_iter().zip(new).for_each(|(pair, new)| verdicts[pair] = Some(new));
        if next.is_break() {
            break;
        }
    }
    Ok((verdicts.into_iter().flatten().collect(), next))
}

fn no_memory(pair: &Pair, tokens: usize) -> Error {
    Error::new(Kind::Resources, format!("failed to score row {}: no memory for {tokens} tokens at once", pair.row))
        .hint("end other programs or take a larger machine, then go on with --resume")
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
        for (row, value) in members.iter().zip(batch_logits(rows, members, model)) {
            logits[*row] = value;
        }
    }
    logits
}

/// One logit per member.
fn batch_logits(rows: &[(&[u32], Markers)], members: &[usize], model: &PairModel) -> Vec<f32> {
    if members.is_empty() {
        return Vec::new();
    }
    let packed = TokenRows::new(members.iter().map(|row| rows[*row].0));
    let markers: Vec<Markers> = members.iter().map(|row| rows[*row].1).collect();
    model.logits(&packed, &markers).into_data().iter::<f32>().collect()
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
