//! Token rows → logits → verdicts: one worker for each device, all fed by one tokeniser.

use std::borrow::Borrow;
use std::cell::OnceCell;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use burn::tensor::{DType, Tensor};

use crate::data::Item;
use crate::device::Limits;
use crate::model::heads::pairwise::Markers;
use crate::model::{PairModel, TokenRows};
use crate::scoring::memory;
use crate::scoring::prepare::{Job, Prepared, jobs, prepare};
use crate::scoring::verdict::ScoredItem;
use crate::support::catch_panic::guarded;
use crate::support::error::{Error, ErrorKind, Result};
use crate::text::Tokenizer;
use crate::text::contract::InputContract;

/// A model that is ready to score, on each of the devices.
pub struct Scorer<'a> {
    pub models: Vec<PairModel>,
    /// Makes it once more on the device of this place, in f32, for rows whose logit is not finite;
    /// None where it is in f32.
    pub exact: Option<&'a (dyn Fn(usize) -> Result<PairModel> + Sync)>,
    /// Whether the devices work by themselves: batches are given to them ahead, in few sizes.
    pub queues: bool,
}

/// One more batch of pairs.
#[derive(Debug, Default)]
pub struct Step {
    /// Of the pairs whose last row was in it. Longer pairs come before shorter ones, and devices do
    /// not wait for each other: who judges by the first verdicts must wait until none is left out.
    pub scored: Vec<ScoredItem>,
    /// That went through the model.
    pub tokens: usize,
    /// Batches that were halved before, for want of memory.
    pub halved: usize,
    /// Rows that were computed again in f32.
    pub again: usize,
}

/// Pairs whose rows are sorted into batches together: enough for full ones.
const CHUNK: usize = 16;
/// Where a device is to have the next batch before it has finished one.
const QUEUED_CHUNK: usize = 128;
/// Chunks whose texts are tokens already, while those before them are in the model.
const AHEAD: usize = 8;

/// A piece of the pairs, and its token rows.
type Chunk<'a, P> = (&'a [P], Result<Vec<Prepared>>);

/// Scores pairs as they become token rows. `each` is given the verdicts of each batch, and may end
/// the scoring there.
///
/// Returns the verdicts, and the seconds that the devices waited for tokens, on average.
pub fn score<P: Borrow<Item> + Sync>(
    pairs: &[P],
    template: InputContract,
    tokenizer: &Tokenizer,
    scorer: &Scorer,
    limits: Limits,
    each: impl FnMut(&Step) -> Result<ControlFlow<()>> + Send,
) -> Result<(Vec<ScoredItem>, f64)> {
    let size = if scorer.queues { QUEUED_CHUNK } else { CHUNK };
    let size = limits.items.map_or(size, |n| size.next_multiple_of(n));
    let config = scorer.models[0].config();
    let (send, chunks) = sync_channel::<Chunk<P>>(AHEAD);
    // Gone with the last worker: the tokeniser then stops waiting for room.
    let chunks = Arc::new(Mutex::new(chunks));
    let book = Mutex::new(Results {
        each,
        verdicts: Vec::with_capacity(pairs.len()),
        waited: 0.0,
        end: None,
    });
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for chunk in pairs.chunks(size) {
                if send
                    .send((chunk, prepare(chunk, template, tokenizer, config)))
                    .is_err()
                {
                    break;
                }
            }
        });
        for at in 0..scorer.models.len() {
            let (worker, chunks, book) = (
                Worker {
                    scorer,
                    at,
                    limits,
                    exact: OnceCell::new(),
                },
                chunks.clone(),
                &book,
            );
            scope.spawn(move || worker.work(&chunks, book));
        }
        drop(chunks);
    });
    let book = book.into_inner().unwrap_or_else(PoisonError::into_inner);
    #[expect(clippy::cast_precision_loss, reason = "a few devices")]
    let waited = book.waited / scorer.models.len() as f64;
    book.end.unwrap_or(Ok(())).map(|()| (book.verdicts, waited))
}

/// Where all workers write.
struct Results<F> {
    each: F,
    verdicts: Vec<ScoredItem>,
    waited: f64,
    /// Set where the scoring ends before the pairs do: well, or not.
    end: Option<Result<()>>,
}

impl<F: FnMut(&Step) -> Result<ControlFlow<()>>> Results<F> {
    /// Says whether to go on.
    fn enter(&mut self, step: Result<Step>) -> bool {
        if self.end.is_none() {
            match step.and_then(|step| Ok(((self.each)(&step)?, step.scored))) {
                Ok((next, mut verdicts)) => {
                    self.verdicts.append(&mut verdicts);
                    self.end = next.is_break().then_some(Ok(()));
                }
                Err(error) => self.end = Some(Err(error)),
            }
        }
        self.end.is_none()
    }
}

/// What scores on one device.
struct Worker<'a> {
    scorer: &'a Scorer<'a>,
    /// Of the device among all.
    at: usize,
    limits: Limits,
    exact: OnceCell<PairModel>,
}

impl Worker<'_> {
    fn work<P: Borrow<Item>, F: FnMut(&Step) -> Result<ControlFlow<()>>>(
        &self,
        chunks: &Mutex<Receiver<Chunk<P>>>,
        book: &Mutex<Results<F>>,
    ) {
        let book = || book.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let begun = Instant::now();
            let next = chunks.lock().unwrap_or_else(PoisonError::into_inner).recv();
            book().waited += begun.elapsed().as_secs_f64();
            let Ok((pairs, prepared)) = next else { break };
            // The lock is held for no longer than a step takes.
            let enter = |step| book().enter(step);
            let goes_on = match prepared {
                Ok(prepared) => self.score(pairs, &prepared, enter),
                Err(error) => enter(Err(error)),
            };
            if !goes_on {
                break;
            }
        }
    }

    /// Scores a chunk, batch by batch; says whether to go on.
    fn score<P: Borrow<Item>>(
        &self,
        pairs: &[P],
        prepared: &[Prepared],
        enter: impl Fn(Result<Step>) -> bool,
    ) -> bool {
        let config = self.model().config();
        let jobs = jobs(prepared, config);
        let rows: Vec<(&[u32], Markers)> = jobs.iter().map(|job| (job.ids, job.markers)).collect();
        let tokens_of = |batch: &[usize]| batch.iter().map(|job| rows[*job].0.len()).sum();
        let mut left = vec![0; pairs.len()];
        for job in &jobs {
            left[job.item] += 1;
        }
        let mut logits = vec![[None; 2]; pairs.len()];

        // Pairs that need no model are finished at once.
        let unscored = (0..pairs.len())
            .filter(|pair| left[*pair] == 0)
            .map(|pair| prepared[pair].scored(pairs[pair].borrow(), [None; 2]));
        let mut step = Step {
            scored: unscored.collect(),
            ..Step::default()
        };
        if !enter(Ok(std::mem::take(&mut step))) {
            return false;
        }
        let mut waiting: VecDeque<Vec<usize>> = self.batches(pairs.len(), &jobs, &rows).into();
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
                        pairs[jobs[batch[0]].item].borrow(),
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
                // A device says only here that its memory did not do.
                Err(_) if self.scorer.queues && self.can_be_halved(&batch) => {
                    step.halved += 1;
                    halve(batch, &mut waiting);
                    continue;
                }
                found => found.and_then(|found| self.finite(found, &rows, &batch, &mut step.again)),
            };
            match found {
                Ok(found) => {
                    for (job, value) in batch.iter().map(|job| &jobs[*job]).zip(found) {
                        logits[job.item][job.order] = Some(value);
                        left[job.item] -= 1;
                        if left[job.item] == 0 {
                            let item = pairs[job.item].borrow();
                            step.scored
                                .push(prepared[job.item].scored(item, logits[job.item]));
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

    fn model(&self) -> &PairModel {
        &self.scorer.models[self.at]
    }

    fn batches(&self, pairs: usize, jobs: &[Job], rows: &[(&[u32], Markers)]) -> Vec<Vec<usize>> {
        match self.limits.items {
            Some(n) => (0..pairs.div_ceil(n))
                .flat_map(|group| {
                    [0, 1].map(|order| {
                        (0..jobs.len())
                            .filter(|job| jobs[*job].item / n == group && jobs[*job].order == order)
                            .collect()
                    })
                })
                .filter(|batch: &Vec<usize>| !batch.is_empty())
                .collect(),
            None => self
                .limits
                .batches(&rows.iter().map(|(ids, _)| ids.len()).collect::<Vec<_>>()),
        }
    }

    /// Whether the memory does for so many tokens; a device that queues says so when it is read.
    fn fits(&self, tokens: usize) -> bool {
        self.scorer.queues || memory::suffices(tokens, self.model().config().architecture())
    }

    /// Where a verdict depends on its batch, that cannot be another one.
    fn can_be_halved(&self, batch: &[usize]) -> bool {
        batch.len() > 1 && self.limits.items.is_none()
    }

    /// One logit per member, as soon as the device has got to it.
    fn begin(
        &self,
        rows: &[(&[u32], Markers)],
        members: &[usize],
        model: &PairModel,
    ) -> Result<Tensor<1>> {
        let packed = TokenRows::new(members.iter().map(|row| rows[*row].0));
        let markers: Vec<Markers> = members.iter().map(|row| rows[*row].1).collect();
        if !self.scorer.queues {
            return Ok(model.logits(&packed, &markers));
        }
        let tokens = shape(packed.ids().len(), self.limits.batch_tokens);
        guarded(|| model.logits(&packed.padded(tokens), &markers))
            .ok_or_else(|| given_up("its driver failed"))
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

    /// The logits, those that are not finite computed again in f32 where they were not.
    fn finite(
        &self,
        mut found: Vec<f32>,
        rows: &[(&[u32], Markers)],
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

fn no_memory(pair: &Item, tokens: usize) -> Error {
    Error::new(
        ErrorKind::Resources,
        format!(
            "failed to score row {}: no memory for {tokens} tokens at once",
            pair.row
        ),
    )
    .hint("end other programs or take a larger machine, then go on with --resume")
}

/// One logit per row, in the order of the rows, on the first device.
pub fn logits(
    rows: &[(&[u32], Markers)],
    batches: &[Vec<usize>],
    scorer: &Scorer,
    limits: Limits,
) -> Result<Vec<f32>> {
    let mut logits = vec![f32::NAN; rows.len()];
    let worker = Worker {
        scorer,
        at: 0,
        limits,
        exact: OnceCell::new(),
    };
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

fn halve(mut batch: Vec<usize>, waiting: &mut VecDeque<Vec<usize>>) {
    let second = batch.split_off(batch.len() / 2);
    waiting.push_front(second);
    waiting.push_front(batch);
}

fn given_up(why: &str) -> Error {
    Error::new(ErrorKind::Resources, "failed to compute a batch: the device has given up")
        .caused_by(why)
        .hint("where its memory did not do, a smaller --batch-tokens helps; a run with --out goes on with --resume")
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
