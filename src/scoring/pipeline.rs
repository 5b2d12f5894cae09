//! Items → token rows → outcomes: one worker for each device, all fed by one tokenizer.

use std::borrow::Borrow;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::data::Item;
use crate::device::Limits;
use crate::scoring::prepare::{Prepared, prepare};
use crate::scoring::scorer::{Scorer, Step};
use crate::scoring::verdict::ScoredItem;
use crate::scoring::worker::Worker;
use crate::support::error::Result;
use crate::text::Tokenizer;
use crate::text::contract::InputContract;

/// Items whose rows are sorted into batches together: enough for full ones.
const CHUNK: usize = 16;
/// The same for devices with a queue, which get the next batch before they have finished one.
const QUEUED_CHUNK: usize = 128;
/// Chunks that are token rows already, while those before them are in the model.
const AHEAD: usize = 8;

/// A piece of the items, and its token rows.
type Chunk<'a, I> = (&'a [I], Result<Vec<Prepared>>);

/// Scores items as they become token rows. `each` is given the outcomes of each batch, and may end
/// the scoring there.
///
/// Returns all outcomes, and the seconds that the devices waited for tokens, on average.
pub fn score<I: Borrow<Item> + Sync>(
    items: &[I],
    contract: InputContract,
    tokenizer: &Tokenizer,
    scorer: &Scorer,
    limits: Limits,
    each: impl FnMut(&Step) -> Result<ControlFlow<()>> + Send,
) -> Result<(Vec<ScoredItem>, f64)> {
    let size = if scorer.queues { QUEUED_CHUNK } else { CHUNK };
    let size = limits.items.map_or(size, |n| size.next_multiple_of(n));
    let config = scorer.models[0].config();
    let (send, chunks) = sync_channel::<Chunk<I>>(AHEAD);
    // Dropped with the last worker: the tokenizer's thread then stops waiting for room.
    let chunks = Arc::new(Mutex::new(chunks));
    let scored = Vec::with_capacity(items.len());
    let results = Mutex::new(Results {
        each,
        scored,
        waited: 0.0,
        end: None,
    });
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for chunk in items.chunks(size) {
                let prepared = prepare(chunk, contract, tokenizer, config);
                let is_last = prepared.is_err();
                if send.send((chunk, prepared)).is_err() || is_last {
                    break;
                }
            }
        });
        for at in 0..scorer.models.len() {
            let (worker, chunks, results) =
                (Worker::new(scorer, at, limits), chunks.clone(), &results);
            scope.spawn(move || work(&worker, &chunks, results));
        }
        drop(chunks);
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    #[expect(clippy::cast_precision_loss, reason = "a few devices")]
    let waited = results.waited / scorer.models.len() as f64;
    results
        .end
        .unwrap_or(Ok(()))
        .map(|()| (results.scored, waited))
}

/// Takes chunks until there is none, or until the scoring ends.
fn work<I: Borrow<Item>, F: FnMut(&Step) -> Result<ControlFlow<()>>>(
    worker: &Worker,
    chunks: &Mutex<Receiver<Chunk<I>>>,
    results: &Mutex<Results<F>>,
) {
    let results = || results.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let begun = Instant::now();
        let next = chunks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        results().waited += begun.elapsed().as_secs_f64();
        let Ok((items, prepared)) = next else { break };
        // The lock is held for no longer than a step takes.
        let enter = |step| results().enter(step);
        let goes_on = match prepared {
            Ok(prepared) => worker.score(items, &prepared, enter),
            Err(error) => enter(Err(error)),
        };
        if !goes_on {
            break;
        }
    }
}

/// What all workers write.
struct Results<F> {
    each: F,
    scored: Vec<ScoredItem>,
    /// Seconds that all workers together waited for tokens.
    waited: f64,
    /// Set where the scoring ends before the items do: well, or with an error.
    end: Option<Result<()>>,
}

impl<F: FnMut(&Step) -> Result<ControlFlow<()>>> Results<F> {
    /// Says whether to go on.
    fn enter(&mut self, step: Result<Step>) -> bool {
        if self.end.is_none() {
            match step.and_then(|step| Ok(((self.each)(&step)?, step.scored))) {
                Ok((next, mut scored)) => {
                    self.scored.append(&mut scored);
                    self.end = next.is_break().then_some(Ok(()));
                }
                Err(error) => self.end = Some(Err(error)),
            }
        }
        self.end.is_none()
    }
}
