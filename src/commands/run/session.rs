//! One model's verdicts: those that are there already, then those that must be computed, each kept
//! as it comes.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::checkpoint::Checkpoint;
use crate::cli::RunArgs;
use crate::commands::run::resume;
use crate::commands::run::resume::Kept;
use crate::comparison::gate::sequential::SequentialGate;
use crate::data::Item;
use crate::device::backend::Backend;
use crate::scoring;
use crate::scoring::cache;
use crate::scoring::cache::Cache;
use crate::scoring::fingerprint::Fingerprint;
use crate::scoring::journal::{Journal, Session};
use crate::scoring::{ScoredItem, Scorer};
use crate::support::cache_folder;
use crate::support::error::{Error, Result, one_line};
use crate::support::signals::Stop;
use crate::support::terminal;
use crate::support::terminal::say;

/// A scored model.
pub struct Scored {
    pub checkpoint: Checkpoint,
    pub verdicts: Vec<ScoredItem>,
    /// Verdicts from the journal, and from the cache.
    pub resumed: usize,
    pub cached: usize,
    pub spent: Spent,
}

/// What this process needed for a model's verdicts.
#[derive(Default)]
pub struct Spent {
    /// That went through the model.
    pub tokens: usize,
    pub seconds: f64,
    /// Batches that were halved for want of memory.
    pub halved: usize,
    /// Rows that were computed again in f32: their logit in half precision was not finite.
    pub again: usize,
}

/// Where verdicts come from and go to.
pub struct ScoringSession<'a> {
    args: &'a RunArgs,
    plan: &'a Fingerprint,
    computing: &'a Backend,
    kept: Kept,
    journal: Option<Journal>,
    stop: Stop,
}

impl<'a> ScoringSession<'a> {
    /// Finds what an earlier run left, and opens the journal.
    pub fn open(
        args: &'a RunArgs,
        plan: &'a Fingerprint,
        computing: &'a Backend,
        session: Session,
    ) -> Result<Self> {
        let stop = Stop::listen(resume::farewell(args))?;
        let (journal, kept) = match &args.out {
            Some(dir) => resume::begin(dir, plan, args.resume, session)?,
            None => (None, Kept::nothing(session)),
        };
        Ok(Self {
            args,
            plan,
            computing,
            kept,
            journal,
            stop,
        })
    }

    /// All verdicts of the model at this place of the plan, in the order of the data. `early` is
    /// shown them as they come, and may end the scoring.
    pub fn score(
        &mut self,
        at: usize,
        checkpoint: Checkpoint,
        pairs: &[Item],
        mut early: Option<&mut SequentialGate>,
    ) -> Result<Scored> {
        self.stop.check()?;
        let name = one_line(&checkpoint.name);
        if let Some(known) = self
            .kept
            .finished
            .as_ref()
            .map(|names| &names[at])
            .filter(|known| **known != checkpoint.name)
        {
            return Err(Error::usage(format!(
                "failed to resume: model {} is called {known} in the finished run",
                checkpoint.name
            )));
        }
        let mut done = self.kept.verdicts(at, pairs);
        if let Some(n) = self.args.int8_batch {
            keep_whole_groups(&mut done, pairs, n as usize);
        }
        let resumed = done.len();
        if resumed > 0 {
            say(&format!(
                "{name}: {resumed} of {} verdicts are there already",
                pairs.len()
            ));
        }
        let mut cache = self.cache(at);
        let mut cached = self.look_up(at, pairs, &cache, &mut done)?;
        if cached > 0 {
            say(&format!(
                "{name}: {cached} of {} verdicts from the cache",
                pairs.len()
            ));
        }
        let settled = early
            .as_mut()
            .is_some_and(|early| early.see(done.values()).is_break());
        // Pairs with the same text are scored once and looked up afterwards; a gate that waits for
        // its next pair cannot.
        let mut texts = HashSet::new();
        let once = cache.is_on() && early.is_none();
        let is_missing = |pair: &&Item| {
            !done.contains_key(&pair.row) && (!once || texts.insert(cache::key(pair)))
        };
        let missing: Vec<&Item> = pairs.iter().filter(is_missing).collect();
        let spent = if settled || missing.is_empty() {
            Spent::default()
        } else {
            self.compute(at, &checkpoint, &missing, &mut cache, &mut done, early)?
        };
        cached += self.look_up(at, pairs, &cache, &mut done)?;
        let mut verdicts: Vec<ScoredItem> = pairs
            .iter()
            .filter_map(|pair| done.remove(&pair.row))
            .collect();
        verdicts.sort_by_key(|verdict| verdict.row);
        Ok(Scored {
            checkpoint,
            verdicts,
            resumed,
            cached,
            spent,
        })
    }

    /// Nothing is kept where a verdict depends on a pair's neighbours.
    fn cache(&self, at: usize) -> Cache {
        let folder = cache_folder::folder()
            .filter(|_| !self.args.no_cache && self.args.int8_batch.is_none());
        folder.map_or_else(Cache::default, |folder| {
            Cache::open(
                &folder,
                &self.plan.models[at],
                &self.computing.devices.kind(),
            )
        })
    }

    /// Adds what the cache has of the missing verdicts, and counts it.
    fn look_up(
        &mut self,
        at: usize,
        pairs: &[Item],
        cache: &Cache,
        done: &mut HashMap<usize, ScoredItem>,
    ) -> Result<usize> {
        if !cache.is_on() {
            return Ok(0);
        }
        let missing = pairs.iter().filter(|pair| !done.contains_key(&pair.row));
        let found: Vec<ScoredItem> = missing
            .filter_map(|pair| Some(ScoredItem::new(pair, cache.get(&cache::key(pair))?.clone())))
            .collect();
        self.record(at, &found)?;
        let n = found.len();
        done.extend(found.into_iter().map(|verdict| (verdict.row, verdict)));
        Ok(n)
    }

    fn record(&mut self, at: usize, verdicts: &[ScoredItem]) -> Result<()> {
        self.journal
            .as_mut()
            .map_or(Ok(()), |journal| journal.record(at, verdicts))
    }

    /// Puts the pairs through the model.
    fn compute(
        &mut self,
        at: usize,
        checkpoint: &Checkpoint,
        pairs: &[&Item],
        cache: &mut Cache,
        done: &mut HashMap<usize, ScoredItem>,
        mut early: Option<&mut SequentialGate>,
    ) -> Result<Spent> {
        let (computing, name) = (self.computing, one_line(&checkpoint.name));
        let begun = Instant::now();
        let exact = |at| computing.load_exact(checkpoint, at);
        let scorer = Scorer {
            models: computing.load(checkpoint)?,
            exact: if computing.is_half() {
                Some(&exact)
            } else {
                None
            },
            queues: computing.devices.is_gpu(),
        };
        self.stop.check()?;
        let (template, loading) = (checkpoint.template, begun.elapsed().as_secs_f64());
        say(&format!(
            "{name}: {} pairs, template {template}, {}, loaded in {loading:.1} s",
            pairs.len(),
            computing.short_name()
        ));
        let bar = terminal::pair_bar(&name, pairs.len() as u64);
        let begun = Instant::now();
        let keys: HashMap<usize, String> = if cache.is_on() {
            pairs
                .iter()
                .map(|pair| (pair.row, cache::key(pair)))
                .collect()
        } else {
            HashMap::new()
        };
        let mut spent = Spent::default();
        let (verdicts, waited) = scoring::score(
            pairs,
            template,
            &checkpoint.tokenizer,
            &scorer,
            computing.limits,
            |step| {
                self.record(at, &step.verdicts)?;
                cache.put(
                    step.verdicts
                        .iter()
                        .filter_map(|verdict| {
                            Some((keys.get(&verdict.row)?.clone(), verdict.outcome.clone()))
                        })
                        .collect(),
                );
                spent.tokens += step.tokens;
                spent.halved += step.halved;
                spent.again += step.again;
                bar.inc(step.verdicts.len() as u64);
                bar.set_message(format!(
                    "{:.0} tokens/s",
                    rate(spent.tokens, begun.elapsed())
                ));
                self.stop.check()?;
                Ok(early
                    .as_mut()
                    .map_or(ControlFlow::Continue(()), |early| early.see(&step.verdicts)))
            },
        )?;
        bar.finish_and_clear();
        let elapsed = begun.elapsed();
        drop(scorer);
        computing.tidy();
        spent.seconds = elapsed.as_secs_f64();
        let Spent {
            tokens,
            seconds,
            halved,
            again,
        } = spent;
        let waiting = 100.0 * waited / seconds.max(1e-9);
        say(&format!(
            "{name}: scored in {seconds:.1} s, {tokens} tokens, {:.0} tokens/s, {waiting:.0} % waiting for tokens",
            rate(tokens, elapsed)
        ));
        if halved > 0 {
            say(&format!(
                "{name}: {halved} batches were halved for want of memory: --batch-tokens {} is too much here",
                computing.limits.batch_tokens
            ));
        }
        if again > 0 {
            say(&format!(
                "{name}: {again} rows were computed again in f32: their logits in {} were not finite",
                computing.precision.name()
            ));
        }
        done.extend(verdicts.into_iter().map(|verdict| (verdict.row, verdict)));
        Ok(spent)
    }

    /// Who worked on the run, once all models are scored, and the journal, which is in the way now.
    /// None where the run had ended before.
    pub fn close(mut self, scored: &[Scored]) -> Option<(Vec<Session>, Option<Journal>)> {
        if self.kept.finished.is_some() {
            return None;
        }
        if let Some(session) = self.kept.sessions.last_mut() {
            session.verdicts = scored.iter().map(|s| s.verdicts.len() - s.resumed).sum();
        }
        Some((self.kept.sessions, self.journal))
    }
}

/// Where verdicts depend on their neighbours, those of a group count only together.
fn keep_whole_groups(done: &mut HashMap<usize, ScoredItem>, pairs: &[Item], n: usize) {
    for group in pairs
        .chunks(n)
        .filter(|group| group.iter().any(|pair| !done.contains_key(&pair.row)))
        .collect::<Vec<_>>()
    {
        for pair in group {
            done.remove(&pair.row);
        }
    }
}

/// Tokens a second.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(tokens: usize, elapsed: Duration) -> f64 {
    tokens as f64 / elapsed.as_secs_f64().max(1e-9)
}
