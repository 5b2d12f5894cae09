//! Batches of token rows → logits, on one device.

use std::borrow::Borrow;
use std::cell::OnceCell;
use std::collections::VecDeque;

use burn::tensor::{DType, Tensor};

use crate::data::Item;
use crate::device::Limits;
use crate::model::{InputRow, RewardModel, TokenRows};
use crate::scoring::memory;
use crate::scoring::prepare::{Place, Prepared, jobs};
use crate::scoring::scorer::{Scorer, Step};
use crate::support::catch_panic::guarded;
use crate::support::error::{Error, ErrorKind, Result};

/// What scores on one device.
pub(crate) struct Worker<'a> {
    scorer: &'a Scorer<'a>,
    /// The device's place among all.
    at: usize,
    limits: Limits,
    /// The model in f32, once a row needed it.
    exact: OnceCell<RewardModel>,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(scorer: &'a Scorer<'a>, at: usize, limits: Limits) -> Self {
        Self {
            scorer,
            at,
            limits,
            exact: OnceCell::new(),
        }
    }

    /// Scores a chunk, batch by batch, and gives each to `enter`, which says whether to go on; so
    /// does the result.
    pub fn score<P: Borrow<Item>>(
        &self,
        items: &[P],
        prepared: &[Prepared],
        enter: impl Fn(Result<Step>) -> bool,
    ) -> bool {
        let config = self.model().config();
        let (places, rows): (Vec<Place>, Vec<InputRow>) =
            jobs(prepared, config).into_iter().unzip();
        let tokens_of = |batch: &[usize]| batch.iter().map(|row| rows[*row].len()).sum();
        let mut left = vec![0; items.len()];
        for place in &places {
            left[place.item] += 1;
        }
        let rows_of = |prepared: &Prepared| vec![None; prepared.rows()];
        let mut logits: Vec<Vec<Option<f32>>> = prepared.iter().map(rows_of).collect();

        // Items that need no model are finished at once.
        let unscored = (0..items.len())
            .filter(|item| left[*item] == 0)
            .map(|item| prepared[item].scored(items[item].borrow(), &[]));
        let mut step = Step {
            scored: unscored.collect(),
            ..Step::default()
        };
        if !enter(Ok(std::mem::take(&mut step))) {
            return false;
        }
        let mut waiting: VecDeque<Vec<usize>> = self.batches(items.len(), &places, &rows).into();
        let mut begun = VecDeque::new();
        loop {
            // The device has a batch to go on with while the one before is read.
            while begun.len() < if self.scorer.queues { 2 } else { 1 }
                && let Some(batch) = waiting.pop_front()
            {
                if self.fits(tokens_of(&batch)) {
                    let logits = self.begin(&rows, &batch, self.model());
                    begun.push_back((batch, logits));
                } else if self.can_be_halved(&batch) {
                    step.halved += 1;
                    halve(batch, &mut waiting);
                } else {
                    enter(Err(no_memory(
                        items[places[batch[0]].item].borrow(),
                        tokens_of(&batch),
                    )));
                    return false;
                }
            }
            let Some((batch, found)) = begun.pop_front() else {
                return true;
            };
            step.tokens = tokens_of(&batch);
            let found = match found.and_then(|found| self.read(found)) {
                // A device with a queue says only here that it lacked memory.
                Err(_) if self.scorer.queues && self.can_be_halved(&batch) => {
                    step.halved += 1;
                    halve(batch, &mut waiting);
                    continue;
                }
                found => found.and_then(|found| self.finite(found, &rows, &batch, &mut step.again)),
            };
            match found {
                Ok(found) => {
                    for (place, value) in batch.iter().map(|row| places[*row]).zip(found) {
                        logits[place.item][place.row] = Some(value);
                        left[place.item] -= 1;
                        if left[place.item] == 0 {
                            let item = items[place.item].borrow();
                            step.scored
                                .push(prepared[place.item].scored(item, &logits[place.item]));
                        }
                    }
                }
                Err(error) => {
                    enter(Err(error));
                    return false;
                }
            }
            if !enter(Ok(std::mem::take(&mut step))) {
                return false;
            }
        }
    }

    fn model(&self) -> &RewardModel {
        &self.scorer.models[self.at]
    }

    fn batches(&self, items: usize, places: &[Place], rows: &[InputRow]) -> Vec<Vec<usize>> {
        match self.limits.items {
            Some(n) => (0..items.div_ceil(n))
                .flat_map(|group| {
                    [0, 1].map(|row| {
                        (0..places.len())
                            .filter(|at| places[*at].item / n == group && places[*at].row == row)
                            .collect()
                    })
                })
                .filter(|batch: &Vec<usize>| !batch.is_empty())
                .collect(),
            None if self.model().config().architecture().is_causal() => {
                self.batches_of_items(places, rows)
            }
            None => self
                .limits
                .batches(&rows.iter().map(InputRow::len).collect::<Vec<_>>()),
        }
    }

    /// Batches in which the rows of an item stand together, as they begin alike; those of an item
    /// with more tokens than a batch has are divided.
    fn batches_of_items(&self, places: &[Place], rows: &[InputRow]) -> Vec<Vec<usize>> {
        let tokens = |members: &[usize]| {
            let rows: Vec<&InputRow> = members.iter().map(|row| &rows[*row]).collect();
            let all: usize = rows.iter().map(|row| row.len()).sum();
            let repeated = (rows.len() - 1) * common_beginning(&rows);
            all - repeated
        };
        let mut of_items: Vec<Vec<usize>> = Vec::new();
        for row in 0..places.len() {
            if let Some(last) = of_items.last_mut()
                && places[last[0]].item == places[row].item
            {
                last.push(row);
                if tokens(last) <= self.limits.batch_tokens {
                    continue;
                }
                last.pop();
            }
            of_items.push(vec![row]);
        }
        let lengths: Vec<usize> = of_items.iter().map(|members| tokens(members)).collect();
        let batches = self.limits.batches(&lengths).into_iter();
        batches
            .map(|items| {
                items
                    .iter()
                    .flat_map(|item| of_items[*item].clone())
                    .collect()
            })
            .collect()
    }

    /// Whether there is memory for so many tokens; a device with a queue says so when it is read.
    fn fits(&self, tokens: usize) -> bool {
        self.scorer.queues || memory::suffices(tokens, self.model().config().architecture())
    }

    /// Not where a verdict depends on its batch.
    fn can_be_halved(&self, batch: &[usize]) -> bool {
        batch.len() > 1 && self.limits.items.is_none()
    }

    /// Starts the computation of one logit per member.
    fn begin(
        &self,
        rows: &[InputRow],
        members: &[usize],
        model: &RewardModel,
    ) -> Result<Tensor<1>> {
        let packed = TokenRows::new(members.iter().map(|row| rows[*row].tokens));
        let positions: Vec<Vec<usize>> = members
            .iter()
            .map(|row| rows[*row].positions.clone())
            .collect();
        if !self.scorer.queues {
            return Ok(model.logits(&packed, &positions));
        }
        // A decoder computes a common beginning once, so that its sizes are not these.
        let padded = if model.config().architecture().is_causal() {
            packed
        } else {
            let tokens = shape(packed.ids().len(), self.limits.batch_tokens);
            packed.padded(tokens)
        };
        guarded(|| model.logits(&padded, &positions)).ok_or_else(|| given_up("its driver failed"))
    }

    /// Waits for the device.
    fn read(&self, logits: Tensor<1>) -> Result<Vec<f32>> {
        let read = || {
            let data = logits
                .cast(DType::F32)
                .try_into_data()
                .map_err(|e| given_up(&e.to_string()))?;
            data.try_to_vec::<f32>()
                .map_err(|e| given_up(&format!("{e:?}")))
        };
        if self.scorer.queues {
            guarded(read).unwrap_or_else(|| Err(given_up("its driver failed")))
        } else {
            read()
        }
    }

    /// The logits; those that are not finite are computed again in f32, unless they were.
    fn finite(
        &self,
        mut found: Vec<f32>,
        rows: &[InputRow],
        batch: &[usize],
        again: &mut usize,
    ) -> Result<Vec<f32>> {
        let Some(load) = self.scorer.exact else {
            return Ok(found);
        };
        let failed: Vec<usize> = (0..found.len())
            .filter(|at| !found[*at].is_finite())
            .collect();
        if failed.is_empty() {
            return Ok(found);
        }
        let exact = if let Some(exact) = self.exact.get() {
            exact
        } else {
            let loaded = load(self.at)?;
            self.exact.get_or_init(|| loaded)
        };
        for at in failed {
            let row = [batch[at]];
            found[at] = self.read(self.begin(rows, &row, exact)?)?[0];
            *again += 1;
        }
        Ok(found)
    }
}

/// One logit per row, in the order of the rows, on the first device.
pub fn logits(
    rows: &[InputRow],
    batches: &[Vec<usize>],
    scorer: &Scorer,
    limits: Limits,
) -> Result<Vec<f32>> {
    let mut logits = vec![f32::NAN; rows.len()];
    let worker = Worker::new(scorer, 0, limits);
    let mut begun: VecDeque<(&Vec<usize>, Tensor<1>)> = VecDeque::new();
    let mut again = 0;
    let mut finish = |(members, found): (&Vec<usize>, Tensor<1>)| -> Result<()> {
        let found = worker.finite(worker.read(found)?, rows, members, &mut again)?;
        members
            .iter()
            .zip(found)
            .for_each(|(row, value)| logits[*row] = value);
        Ok(())
    };
    for members in batches {
        begun.push_back((members, worker.begin(rows, members, worker.model())?));
        if begun.len() > usize::from(scorer.queues) {
            begun.pop_front().map_or(Ok(()), &mut finish)?;
        }
    }
    begun.into_iter().try_for_each(finish)?;
    Ok(logits)
}

fn no_memory(item: &Item, tokens: usize) -> Error {
    Error::new(
        ErrorKind::Resources,
        format!(
            "failed to score row {}: no memory for {tokens} tokens at once",
            item.row
        ),
    )
    .hint("end other programs or take a larger machine, then go on with --resume")
}

/// How many tokens these rows begin with alike.
fn common_beginning(rows: &[&InputRow]) -> usize {
    let first = rows[0].tokens.ids;
    let with_first = |row: &&InputRow| {
        let pairs = first.iter().zip(row.tokens.ids);
        pairs.take_while(|(a, b)| a == b).count()
    };
    rows.iter().map(with_first).min().unwrap_or(0)
}

fn halve(mut batch: Vec<usize>, waiting: &mut VecDeque<Vec<usize>>) {
    let second = batch.split_off(batch.len() / 2);
    waiting.push_front(second);
    waiting.push_front(batch);
}

fn given_up(why: &str) -> Error {
    Error::new(
        ErrorKind::Resources,
        "failed to compute a batch: the device has given up",
    )
    .caused_by(why)
    .hint(
        "a smaller --batch-tokens helps where it lacked memory; a run with --out goes on with \
             --resume",
    )
}

/// Few sizes of batches, so that a device compiles and measures its kernels for few: eighths of a
/// full one, and halves of an eighth.
fn shape(tokens: usize, full: usize) -> usize {
    let eighth = (full / 8).max(1);
    if tokens > eighth {
        tokens.next_multiple_of(eighth)
    } else {
        tokens.next_power_of_two().clamp(64.min(eighth), eighth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_sizes_of_batches() {
        let sizes: std::collections::BTreeSet<usize> =
            (1..=16_384).map(|tokens| shape(tokens, 16_384)).collect();
        assert_eq!(
            sizes.into_iter().collect::<Vec<_>>(),
            [
                64, 128, 256, 512, 1024, 2048, 4096, 6144, 8192, 10_240, 12_288, 14_336, 16_384
            ]
        );
        assert!((1..5000).all(|tokens| shape(tokens, 2048) >= tokens));
        assert_eq!(shape(40_000, 16_384), 40_960);
    }
}
