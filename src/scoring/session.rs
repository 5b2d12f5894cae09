//! One model's verdicts: those that are there already, then those that must be computed, each kept
//! as it comes.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::checkpoint::{Checkpoint, Precision, PrecisionName};
use crate::data::Item;
use crate::device::backend::Backend;
use crate::scoring::cache;
use crate::scoring::cache::Cache;
use crate::scoring::fingerprint::{Fingerprint, ModelFingerprint};
use crate::scoring::journal::{Journal, Session};
use crate::scoring::model_pass::{
    Done, Found, ModelPass, cache_keys, keep_whole_groups, keyed, missing,
};
use crate::scoring::pipeline;
use crate::scoring::prepare::expected_tokens;
use crate::scoring::resume::{self, Kept};
use crate::scoring::scored_model::{ScoredModel, Spent};
use crate::scoring::scorer::{Scorer, Step};
use crate::scoring::verdict::ScoredItem;
use crate::scoring::verification::{self, Pass, Verification, VerificationPlan};
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
        observer: Option<&mut (dyn Observer + Send)>,
    ) -> Result<ScoredModel> {
        self.stop.check()?;
        self.same_name(at, &checkpoint)?;
        let mut found = Found::default();
        let (mut scored, verification) = if self.backend.verified && self.kept.finished.is_none() {
            let passes = self.passes(at, &checkpoint);
            let (scored, shown) = self.verified(passes, items, &mut found, observer)?;
            (scored, Some(shown))
        } else {
            let cache = self.cache(&self.fingerprint.models[at]);
            let mut pass = ModelPass::new(at, &checkpoint, self.backend.clone(), None, cache);
            let items: Vec<&Item> = items.iter().collect();
            (self.pass(&mut pass, &items, &mut found, observer)?, None)
        };
        self.backend.tidy();
        scored.sort_by_key(|item| item.row);
        Ok(ScoredModel {
            checkpoint,
            items: scored,
            resumed: found.resumed,
            cached: found.cached,
            spent: found.spent,
            verification,
        })
    }

    /// A model in the fast precision, and in f32: each as in a run of its own, whose cache it
    /// shares.
    fn passes<'c>(&self, at: usize, checkpoint: &'c Checkpoint) -> [ModelPass<'c>; 2] {
        [self.backend.precision, Precision::F32].map(|precision| {
            let backend = self.backend.only(precision);
            let cache = self.cache(&ModelFingerprint::new(checkpoint, &backend, None));
            ModelPass::new(at, checkpoint, backend, Some(precision.name()), cache)
        })
    }

    /// What counts of both precisions. `observer` is shown no other outcomes.
    fn verified(
        &mut self,
        passes: [ModelPass; 2],
        items: &[Item],
        found: &mut Found,
        mut observer: Option<&mut (dyn Observer + Send)>,
    ) -> Result<(Vec<ScoredItem>, Verification)> {
        let [mut fast, mut exact] = passes;
        let shards = self.fingerprint.shard.map_or(1, |shard| shard.of);
        let plan = VerificationPlan::new(items.iter().map(|item| item.row).collect(), shards);
        let by_rounds = observer.is_some();
        verification::verified(
            items,
            &plan,
            self.backend.precision.name(),
            by_rounds,
            |pass, items| match pass {
                Pass::Fast => self.pass(&mut fast, items, found, None),
                Pass::F32 => {
                    let mut again = Found::default();
                    let scored = self.pass(&mut exact, items, &mut again, None);
                    found.spent.plus(&again.spent);
                    scored
                }
            },
            |scored| match observer.as_mut() {
                Some(observer) => observer.see(scored),
                None => ControlFlow::Continue(()),
            },
        )
    }

    /// What a model says of items in one precision.
    fn pass(
        &mut self,
        pass: &mut ModelPass,
        items: &[&Item],
        found: &mut Found,
        mut observer: Option<&mut (dyn Observer + Send)>,
    ) -> Result<Vec<ScoredItem>> {
        let (label, all) = (pass.label(), items.len());
        let mut done = self.kept.outcomes_of(pass.at, pass.precision, items);
        if let Some(n) = self.settings.int8_batch {
            keep_whole_groups(&mut done, items, n as usize);
        }
        if !done.is_empty() {
            let all = count(all, "verdict");
            say(&format!("{label}: {} of {all} there already", done.len()));
        }
        found.resumed.extend(done.keys());
        let cached = self.look_up(pass, items, &mut done)?;
        if !cached.is_empty() {
            let all = count(all, "verdict");
            say(&format!(
                "{label}: {} of {all} from the cache",
                cached.len()
            ));
        }
        found.cached.extend(cached);
        let is_settled = observer.as_mut().is_some_and(|observer| {
            let known: Vec<ScoredItem> = done.values().cloned().collect();
            observer.see(&known).is_break()
        });
        let missing = missing(items, &done, pass.cache.is_on() && observer.is_none());
        if !is_settled && !missing.is_empty() {
            self.is_unfinished(missing.len())?;
            let spent = self.compute(pass, &missing, &mut done, observer)?;
            found.spent.plus(&spent);
        }
        found.cached.extend(self.look_up(pass, items, &mut done)?);
        let scored = items.iter().filter_map(|item| done.remove(&item.row));
        Ok(scored.collect())
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
    fn cache(&self, model: &ModelFingerprint) -> Cache {
        let is_on = self.settings.cache && self.settings.int8_batch.is_none();
        let folder = cache_folder::folder().filter(|_| is_on);
        folder.map_or_else(Cache::default, |folder| Cache::open(&folder, model))
    }

    /// Adds what the cache has of the missing outcomes; returns their rows.
    fn look_up(
        &mut self,
        pass: &ModelPass,
        items: &[&Item],
        done: &mut Done,
    ) -> Result<HashSet<usize>> {
        if !pass.cache.is_on() {
            return Ok(HashSet::new());
        }
        let missing = items.iter().filter(|item| !done.contains_key(&item.row));
        let cached = |item: &&Item| {
            let outcome = pass.cache.get(&cache::key(item))?.clone();
            Some(ScoredItem::new(item, outcome).in_precision(pass.precision))
        };
        let found: Vec<ScoredItem> = missing.filter_map(cached).collect();
        self.record(pass.at, pass.precision, &found)?;
        let rows = found.iter().map(|item| item.row).collect();
        done.extend(found.into_iter().map(|item| (item.row, item)));
        Ok(rows)
    }

    fn record(
        &mut self,
        at: usize,
        precision: Option<PrecisionName>,
        scored: &[ScoredItem],
    ) -> Result<()> {
        self.recorded += scored.len();
        let journal = self.journal.as_mut();
        journal.map_or(Ok(()), |journal| journal.record(at, precision, scored))
    }

    /// Puts the items through the model.
    fn compute(
        &mut self,
        pass: &mut ModelPass,
        items: &[&Item],
        done: &mut Done,
        mut observer: Option<&mut (dyn Observer + Send)>,
    ) -> Result<Spent> {
        let (checkpoint, label) = (pass.checkpoint, pass.label());
        let begun = Instant::now();
        let models = pass.models()?;
        let (backend, at, precision) = (&pass.backend, pass.at, pass.precision);
        let exact = |device| backend.load_exact(checkpoint, device);
        let scorer = Scorer {
            models,
            exact: if backend.is_half() {
                Some(&exact)
            } else {
                None
            },
            queues: backend.devices.is_gpu(),
        };
        self.stop.check()?;
        say(&format!(
            "{}: {}, template {}, {}, loaded in {:.1} s",
            one_line(&checkpoint.name),
            count(items.len(), "pair"),
            checkpoint.template,
            backend.short_name(),
            begun.elapsed().as_secs_f64()
        ));
        let (contract, tokenizer) = (checkpoint.template, &checkpoint.tokenizer);
        let tokens = expected_tokens(items, contract, tokenizer, &checkpoint.config);
        let progress = Progress::over_pairs(&label, items.len() as u64, tokens);
        let begun = Instant::now();
        let keys = cache_keys(items, &pass.cache);
        let mut spent = Spent::default();
        let each = |step: &Step| {
            self.record(at, precision, &step.scored)?;
            pass.cache.put(keyed(&step.scored, &keys));
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
        self.say_spent(pass, &spent, waited);
        let scored = scored
            .into_iter()
            .map(|item| item.in_precision(pass.precision));
        done.extend(scored.map(|item| (item.row, item)));
        Ok(spent)
    }

    /// `waited`: seconds that the devices waited for tokens.
    fn say_spent(&self, pass: &ModelPass, spent: &Spent, waited: f64) {
        let name = pass.label();
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
                pass.backend.dtype_name()
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

/// Tokens a second.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(tokens: usize, elapsed: Duration) -> f64 {
    tokens as f64 / elapsed.as_secs_f64().max(1e-9)
}
