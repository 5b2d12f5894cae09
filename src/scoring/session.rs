//! One model's verdicts: those that are there already, then those that must be computed, each kept
//! as it comes.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::checkpoint::Checkpoint;
use crate::data::Item;
use crate::device::backend::Backend;
use crate::scoring::cache;
use crate::scoring::cache::Cache;
use crate::scoring::fingerprint::Fingerprint;
use crate::scoring::journal::{Journal, Session};
use crate::scoring::pipeline;
use crate::scoring::prepare::expected_tokens;
use crate::scoring::resume::{self, Kept};
use crate::scoring::scored_model::{ScoredModel, Spent};
use crate::scoring::scorer::{Scorer, Step};
use crate::scoring::verdict::{Outcome, ScoredItem};
use crate::support::cache_folder;
use crate::support::count::count;
use crate::support::error::{Error, Result, one_line};
use crate::support::existing::Existing;
use crate::support::signals::{Stop, StopMessage};
use crate::support::terminal::{Progress, say};

/// Whoever looks at outcomes as they come, and may end the scoring of a model.
pub(crate) trait Observer {
    /// `scored`: no outcome twice, in any order.
    fn see(&mut self, scored: &[ScoredItem]) -> ControlFlow<()>;
}

/// Where a session writes, and what it may take from earlier ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings<'a> {
    /// The directory of the run, if it is to have one.
    pub(crate) out: Option<&'a Path>,
    /// What is to become of the run there.
    pub(crate) existing: Existing,
    /// Whether outcomes are looked up in the cache and kept there.
    pub(crate) cache: bool,
    /// With int8: items of a batch that share their outlier columns.
    pub int8_batch: Option<u32>,
}

/// Outcomes by row.
type Done = HashMap<usize, ScoredItem>;

/// One model that is being scored: its place in the fingerprint, and its checkpoint.
#[derive(Clone, Copy)]
struct Current<'a> {
    at: usize,
    checkpoint: &'a Checkpoint,
}

/// Scores the models of a run one after the other, and keeps what they say at once.
pub(crate) struct ScoringSession<'a> {
    settings: Settings<'a>,
    fingerprint: &'a Fingerprint,
    backend: &'a Backend,
    kept: Kept,
    journal: Option<Journal>,
    /// Verdicts that this process added to the journal.
    recorded: usize,
    stop: Stop,
}

impl<'a> ScoringSession<'a> {
    /// Finds what an earlier run left, and opens the journal. `session` is this process;
    /// `message`: of a run that a signal stops.
    pub(crate) fn open(
        settings: Settings<'a>,
        fingerprint: &'a Fingerprint,
        backend: &'a Backend,
        session: Session,
        message: StopMessage,
    ) -> Result<Self> {
        let stop = Stop::listen(message)?;
        let (journal, kept) = match settings.out {
            Some(dir) => resume::begin(dir, fingerprint, settings.existing, session)?,
            None => (None, Kept::nothing(session)),
        };
        Ok(Self {
            settings,
            fingerprint,
            backend,
            kept,
            journal,
            recorded: 0,
            stop,
        })
    }

    /// What the model at this place of the fingerprint says of all items. `observer` is shown every
    /// outcome, those of earlier sessions first.
    pub fn score(
        &mut self,
        at: usize,
        checkpoint: Checkpoint,
        items: &[Item],
        mut observer: Option<&mut (dyn Observer + Send)>,
    ) -> Result<ScoredModel> {
        self.stop.check()?;
        self.same_name(at, &checkpoint)?;
        let (name, all) = (one_line(&checkpoint.name), items.len());
        let mut done = self.kept.outcomes_of(at, items);
        if let Some(n) = self.settings.int8_batch {
            keep_whole_groups(&mut done, items, n as usize);
        }
        let resumed: HashSet<usize> = done.keys().copied().collect();
        if !resumed.is_empty() {
            say(&format!(
                "{name}: {} of {} there already",
                resumed.len(),
                count(all, "verdict")
            ));
        }
        let mut cache = self.cache(at);
        let mut cached = self.look_up(at, items, &cache, &mut done)?;
        if !cached.is_empty() {
            say(&format!(
                "{name}: {} of {} from the cache",
                cached.len(),
                count(all, "verdict")
            ));
        }
        let is_settled = observer.as_mut().is_some_and(|observer| {
            let known: Vec<ScoredItem> = done.values().cloned().collect();
            observer.see(&known).is_break()
        });
        let missing = missing(items, &done, cache.is_on() && observer.is_none());
        let spent = if is_settled || missing.is_empty() {
            Spent::default()
        } else {
            self.is_unfinished(missing.len())?;
            let current = Current {
                at,
                checkpoint: &checkpoint,
            };
            self.compute(current, &missing, &mut cache, &mut done, observer)?
        };
        cached.extend(self.look_up(at, items, &cache, &mut done)?);
        let mut items: Vec<ScoredItem> = items
            .iter()
            .filter_map(|item| done.remove(&item.row))
            .collect();
        items.sort_by_key(|item| item.row);
        Ok(ScoredModel {
            checkpoint,
            items,
            resumed,
            cached,
            spent,
        })
    }

    /// A finished run is read back under the names that it has.
    fn same_name(&self, at: usize, checkpoint: &Checkpoint) -> Result<()> {
        let known = self.kept.finished.as_ref().map(|names| &names[at]);
        match known.filter(|known| **known != checkpoint.name) {
            Some(known) => Err(Error::usage(format!(
                "failed to resume: model {} is called {known} in the finished run",
                checkpoint.name
            ))),
            None => Ok(()),
        }
    }

    /// Nothing is added to a finished run: a gate of another version may need more pairs.
    fn is_unfinished(&self, missing: usize) -> Result<()> {
        if self.kept.finished.is_none() {
            return Ok(());
        }
        Err(Error::usage(format!(
            "failed to resume: the finished run has no verdicts on {missing} pairs that this \
             version needs"
        ))
        .hint("--overwrite makes it anew; verdicts are still in the cache"))
    }

    /// Nothing is kept where an outcome depends on an item's neighbours.
    fn cache(&self, at: usize) -> Cache {
        let is_on = self.settings.cache && self.settings.int8_batch.is_none();
        let folder = cache_folder::folder().filter(|_| is_on);
        folder.map_or_else(Cache::default, |folder| {
            Cache::open(&folder, &self.fingerprint.models[at])
        })
    }

    /// Adds what the cache has of the missing outcomes; returns their rows.
    fn look_up(
        &mut self,
        at: usize,
        items: &[Item],
        cache: &Cache,
        done: &mut Done,
    ) -> Result<HashSet<usize>> {
        if !cache.is_on() {
            return Ok(HashSet::new());
        }
        let missing = items.iter().filter(|item| !done.contains_key(&item.row));
        let cached = |item: &Item| {
            let outcome = cache.get(&cache::key(item))?.clone();
            Some(ScoredItem::new(item, outcome))
        };
        let found: Vec<ScoredItem> = missing.filter_map(cached).collect();
        self.record(at, &found)?;
        let rows = found.iter().map(|item| item.row).collect();
        done.extend(found.into_iter().map(|item| (item.row, item)));
        Ok(rows)
    }

    fn record(&mut self, at: usize, scored: &[ScoredItem]) -> Result<()> {
        self.recorded += scored.len();
        self.journal
            .as_mut()
            .map_or(Ok(()), |journal| journal.record(at, scored))
    }

    /// Puts the items through the model.
    fn compute(
        &mut self,
        current: Current,
        items: &[&Item],
        cache: &mut Cache,
        done: &mut Done,
        mut observer: Option<&mut (dyn Observer + Send)>,
    ) -> Result<Spent> {
        let Current { at, checkpoint } = current;
        let (backend, name) = (self.backend, one_line(&checkpoint.name));
        let begun = Instant::now();
        let exact = |device| backend.load_exact(checkpoint, device);
        let scorer = Scorer {
            models: backend.load(checkpoint)?,
            exact: if backend.is_half() {
                Some(&exact)
            } else {
                None
            },
            queues: backend.devices.is_gpu(),
        };
        self.stop.check()?;
        say(&format!(
            "{name}: {}, template {}, {}, loaded in {:.1} s",
            count(items.len(), "pair"),
            checkpoint.template,
            backend.short_name(),
            begun.elapsed().as_secs_f64()
        ));
        let (contract, tokenizer) = (checkpoint.template, &checkpoint.tokenizer);
        let tokens = expected_tokens(items, contract, tokenizer, &checkpoint.config);
        let progress = Progress::over_pairs(&name, items.len() as u64, tokens);
        let begun = Instant::now();
        let keys = cache_keys(items, cache);
        let mut spent = Spent::default();
        let each = |step: &Step| {
            self.record(at, &step.scored)?;
            cache.put(keyed(&step.scored, &keys));
            spent.add(step);
            progress.pairs_done(step.scored.len(), step.tokens);
            self.stop.check()?;
            Ok(match observer.as_mut() {
                Some(observer) => observer.see(&step.scored),
                None => ControlFlow::Continue(()),
            })
        };
        let (scored, waited) =
            pipeline::score(items, contract, tokenizer, &scorer, backend.limits, each)?;
        drop(progress);
        spent.seconds = begun.elapsed().as_secs_f64();
        drop(scorer);
        backend.tidy();
        self.say_spent(&name, &spent, waited);
        done.extend(scored.into_iter().map(|item| (item.row, item)));
        Ok(spent)
    }

    /// `waited`: seconds that the devices waited for tokens.
    fn say_spent(&self, name: &str, spent: &Spent, waited: f64) {
        let Spent {
            tokens,
            seconds,
            halved,
            again,
        } = *spent;
        let waiting = 100.0 * waited / seconds.max(1e-9);
        let rate = rate(tokens, Duration::from_secs_f64(seconds));
        say(&format!(
            "{name}: scored in {seconds:.1} s, {tokens} tokens, {rate:.0} tokens/s, \
             {waiting:.0} % waiting for tokens"
        ));
        if halved > 0 {
            say(&format!(
                "{name}: halved for lack of memory: {}; --batch-tokens {} is too much here",
                count(halved, "batch"),
                self.backend.limits.batch_tokens
            ));
        }
        if again > 0 {
            say(&format!(
                "{name}: computed again in f32: {}, with logits in {} that were not finite",
                count(again, "row"),
                self.backend.precision.name()
            ));
        }
    }

    /// The processes that worked on the run, once all models are scored, and the journal, which is
    /// no longer needed. `None` where the run had ended before.
    pub(crate) fn close(mut self) -> Option<(Vec<Session>, Option<Journal>)> {
        if self.kept.finished.is_some() {
            return None;
        }
        if let Some(session) = self.kept.sessions.last_mut() {
            session.verdicts = self.recorded;
        }
        Some((self.kept.sessions, self.journal))
    }
}

/// Items without an outcome. `once`: items with the same text are scored once and looked up in the
/// cache afterwards; an observer that waits for its next item cannot wait for that.
fn missing<'a>(items: &'a [Item], done: &Done, once: bool) -> Vec<&'a Item> {
    let mut texts = HashSet::new();
    let mut is_missing =
        |item: &&Item| !done.contains_key(&item.row) && (!once || texts.insert(cache::key(item)));
    items.iter().filter(|item| is_missing(item)).collect()
}

/// The cache's keys by row; none where it is off.
fn cache_keys(items: &[&Item], cache: &Cache) -> HashMap<usize, String> {
    let items = items.iter().filter(|_| cache.is_on());
    items.map(|item| (item.row, cache::key(item))).collect()
}

/// Outcomes with the cache's keys.
fn keyed(scored: &[ScoredItem], keys: &HashMap<usize, String>) -> Vec<(String, Outcome)> {
    let keyed = |item: &ScoredItem| Some((keys.get(&item.row)?.clone(), item.outcome.clone()));
    scored.iter().filter_map(keyed).collect()
}

/// Where outcomes depend on their neighbours, those of a group count only together.
fn keep_whole_groups(done: &mut Done, items: &[Item], n: usize) {
    for group in items.chunks(n) {
        if group.iter().any(|item| !done.contains_key(&item.row)) {
            for item in group {
                done.remove(&item.row);
            }
        }
    }
}

/// Tokens a second.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(tokens: usize, elapsed: Duration) -> f64 {
    tokens as f64 / elapsed.as_secs_f64().max(1e-9)
}
