//! The gate as a whole, fed with scored pairs.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use crate::benchmark::Benchmark;
use crate::comparison::compare::Comparison;
use crate::comparison::coverage::Coverage;
use crate::comparison::figure::figures;
use crate::comparison::gate::finding::percent;
use crate::comparison::gate::outcome::RuleOutcome;
use crate::comparison::gate::rule::Rule;
use crate::comparison::gate::sequential::lines::sequential_lines;
use crate::comparison::gate::sequential::progress::Progress;
use crate::comparison::gate::sequential::rule_state::RuleState;
use crate::comparison::gate::sequential::units::in_order;
use crate::comparison::gate::status::Status;
use crate::comparison::matching::baseline_of;
use crate::data::Item;
use crate::scoring::ScoredItem;
use crate::scoring::run_dir::record::StoppedEarly;
use crate::support::count::count;
use crate::support::error::Result;

/// The seed of the order, where none is given: RewardBench is arXiv:2403.13787; any number would
/// do.
pub const SEED: u64 = 240_313_787;

/// Pairs between two evaluations of the gate, or one more, where a unit's last one is still to
/// come.
const INTERVAL: usize = 16;

/// Rules, and the pairs that have been scored.
pub struct SequentialGate {
    rules: Vec<RuleState>,
    /// Inconclusive until the gate is settled.
    status: Status,
    progress: Progress,
    /// The number of scored pairs at which it is evaluated next.
    next: usize,
    /// By row: the pair's position in the order of scoring.
    positions: HashMap<usize, usize>,
    /// By position: scored pairs that came before their turn.
    waiting: BTreeMap<usize, ScoredItem>,
    /// By row of the candidate's data.
    baseline: HashMap<usize, ScoredItem>,
    same_data: bool,
    /// Of all pairs that are to be scored.
    coverage: Coverage,
}

/// How a gate was settled, or not.
pub struct GateOutcome {
    pub(crate) comparison: Comparison,
    pub rules: Vec<RuleOutcome>,
    /// How many pairs it took, of how many, and with what error rate.
    pub(crate) summary: String,
    /// What was scored of what was planned, where scoring stopped early.
    pub(crate) stopped: Option<StoppedEarly>,
}

impl SequentialGate {
    /// Also returns the pairs in the order in which they must be scored. `same_data`: both runs
    /// read the same files.
    ///
    /// # Errors
    /// Where the baseline lacks a pair, or a rule is about something that is not compared.
    pub fn new(
        rules: &[Rule],
        baseline: &[ScoredItem],
        same_data: bool,
        pairs: Vec<Item>,
        benchmark: Option<&Benchmark>,
        seed: u64,
    ) -> Result<(Self, Vec<Item>)> {
        let before = sizes(baseline);
        let baseline: HashMap<usize, ScoredItem> = pairs
            .iter()
            .zip(baseline_of(baseline, &pairs, same_data)?)
            .map(|(pair, scored)| (pair.row, scored.clone()))
            .collect();
        let pairs = in_order(pairs, benchmark, seed)?;
        let progress = nothing_scored(&pairs, &baseline, benchmark);
        let planned = progress.planned();
        let coverage = Coverage::new(before, planned.clone(), benchmark);
        let figures = figures(&planned.into_iter().collect::<Vec<_>>(), benchmark);
        let rules = rules
            .iter()
            .map(|rule| RuleState::new(rule, &figures, &progress, &coverage))
            .collect::<Result<_>>()?;
        let positions = pairs.iter().enumerate();
        let positions = positions.map(|(at, pair)| (pair.row, at)).collect();
        let gate = Self {
            rules,
            status: Status::Inconclusive,
            progress,
            next: INTERVAL,
            positions,
            waiting: BTreeMap::new(),
            baseline,
            same_data,
            coverage,
        };
        Ok((gate, pairs))
    }

    /// That all pairs of the benchmark belong into the comparison: no rule whose scope lacks some
    /// can pass. Refuses pairs that are not all of the baseline, unless that is allowed.
    pub(crate) fn expect(
        &mut self,
        benchmark: Option<&Benchmark>,
        allow_partial: bool,
    ) -> Result<()> {
        self.coverage = std::mem::take(&mut self.coverage).counted_by(benchmark);
        for rule in &mut self.rules {
            rule.expect(&self.coverage);
        }
        self.coverage.check(allow_partial)
    }

    /// Adds scored pairs; breaks as soon as the gate is settled. They may come in any order and in
    /// batches of any size: they count in the order of [`Self::new`], and the gate is evaluated
    /// after fixed numbers of pairs.
    pub fn see<'a>(&mut self, scored: impl IntoIterator<Item = &'a ScoredItem>) -> ControlFlow<()> {
        for item in scored {
            let position = self.positions.get(&item.row);
            self.waiting
                .extend(position.map(|position| (*position, item.clone())));
        }
        while self.status == Status::Inconclusive
            && let Some(item) = self.waiting.remove(&self.progress.scored)
        {
            self.progress.add(&item);
            let is_due = self.progress.scored >= self.next && self.progress.is_at_a_boundary();
            if is_due || self.progress.left() == 0 {
                self.evaluate();
                self.next = (self.progress.scored / INTERVAL + 1) * INTERVAL;
            }
        }
        if self.status == Status::Inconclusive {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    fn evaluate(&mut self) {
        for rule in &mut self.rules {
            rule.update(&self.progress);
        }
        self.status = Status::of_all(self.rules.iter().map(|rule| rule.status));
    }

    /// Of the gate as a whole: inconclusive as long as it is not settled.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether this row's pair is among those that the outcome rests on.
    pub(crate) fn counted(&self, row: usize) -> bool {
        self.positions
            .get(&row)
            .is_some_and(|position| *position < self.progress.scored)
    }

    /// The outcome. `scored`: all pairs that `Self::counted` has seen.
    ///
    /// # Errors
    /// Those of [`Comparison::paired`] and [`Rule::evaluate`].
    pub fn finish(
        &self,
        scored: &[ScoredItem],
        benchmark: Option<&Benchmark>,
    ) -> Result<GateOutcome> {
        let baseline: Vec<ScoredItem> = scored
            .iter()
            .filter_map(|item| self.baseline.get(&item.row).cloned())
            .collect();
        let mut comparison = Comparison::paired(&baseline, scored, self.same_data, benchmark)?;
        comparison.coverage = self.coverage.clone();
        if let Some(candidate) = &mut comparison.candidate {
            candidate.coverage = self.coverage.clone();
        }
        let rules: Vec<RuleOutcome> = self
            .rules
            .iter()
            .map(|rule| rule.outcome(&self.progress, &comparison))
            .collect::<Result<_>>()?;
        let stopped = self.progress.left() > 0;
        if stopped {
            sequential_lines(&mut comparison, &self.progress, benchmark);
        }
        Ok(GateOutcome {
            comparison,
            rules,
            summary: self.summary(),
            stopped: stopped.then(|| self.stopped()),
        })
    }

    /// What is kept of the order, so that the sequence can be computed again.
    fn stopped(&self) -> StoppedEarly {
        let mut order: Vec<(usize, usize)> = self
            .positions
            .iter()
            .map(|(row, position)| (*position, *row))
            .filter(|(position, _)| *position < self.progress.scored)
            .collect();
        order.sort_unstable();
        StoppedEarly {
            planned: self.progress.planned(),
            order: order.into_iter().map(|(_, row)| row).collect(),
        }
    }

    fn summary(&self) -> String {
        let Progress { pairs, scored, .. } = self.progress;
        if self.status == Status::Inconclusive {
            return format!(
                "not settled early: every pair was scored ({pairs}); a rule has half of its error \
                 rate for the end, which is why its intervals are wider than usual"
            );
        }
        let settling = self.rules.iter().filter(|rule| rule.status == self.status);
        let error_rate = settling
            .map(|rule| rule.rule.error_rate())
            .fold(0.0, f64::max);
        let rate = if error_rate > 0.0 {
            format!("error rate {} % or less, at any time", percent(error_rate))
        } else {
            "no error: the other pairs cannot change it".to_owned()
        };
        format!(
            "settled after {scored} of {} ({rate})",
            count(pairs, "pair")
        )
    }
}

/// Pairs by subset.
fn sizes(scored: &[ScoredItem]) -> BTreeMap<String, usize> {
    let mut sizes = BTreeMap::new();
    for item in scored {
        *sizes.entry(item.subset.clone()).or_default() += 1;
    }
    sizes
}

/// The progress before the first pair. `baseline`: by row.
fn nothing_scored(
    pairs: &[Item],
    baseline: &HashMap<usize, ScoredItem>,
    benchmark: Option<&Benchmark>,
) -> Progress {
    let mut progress = Progress {
        pairs: pairs.len(),
        ..Progress::default()
    };
    let comparisons = |pair: &Item| pair.chosen.len() * pair.rejected.len();
    progress.comparisons_left = Some(pairs.iter().map(comparisons).sum());
    for pair in pairs {
        if let Some(before) = baseline.get(&pair.row) {
            progress.subset(&pair.subset, benchmark).expect(before);
        }
    }
    progress
}
