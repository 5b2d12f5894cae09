//! A run that its own gate stopped early, compared once more: the pairs are read in the order in
//! which they were scored then, so that confidence sequences hold for them. They do at any time and
//! for any limit: it does not matter which rules ended the run.

use std::collections::{BTreeMap, HashMap};

use crate::benchmark::{Benchmark, Shape};
use crate::comparison::compare::Comparison;
use crate::comparison::coverage::Coverage;
use crate::comparison::figure::figures;
use crate::comparison::gate::outcome::RuleOutcome;
use crate::comparison::gate::rule::Rule;
use crate::comparison::gate::sequential::lines::sequential_lines;
use crate::comparison::gate::sequential::progress::Progress;
use crate::comparison::gate::sequential::rule_state::RuleState;
use crate::comparison::matching::match_items;
use crate::scoring::ScoredItem;
use crate::scoring::run_dir::record::StoppedEarly;
use crate::support::error::Result;

/// Which of the two sides was stopped early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoppedSide {
    Baseline,
    Candidate,
}

/// A comparison of which one side was stopped early, and the rules on it.
pub(crate) struct Replay {
    pub(crate) comparison: Comparison,
    progress: Progress,
    side: StoppedSide,
}

impl Replay {
    /// # Errors
    /// Those of [`Comparison::paired`].
    pub(crate) fn new(
        [baseline, candidate]: [&[ScoredItem]; 2],
        same_data: bool,
        benchmark: Option<&Benchmark>,
        (side, stopped): (StoppedSide, &StoppedEarly),
    ) -> Result<Self> {
        let mut comparison = Comparison::paired(baseline, candidate, same_data, benchmark)?;
        let pairs = match_items(baseline, candidate, same_data)?.pairs;
        let row = |pair: &(&ScoredItem, &ScoredItem)| match side {
            StoppedSide::Baseline => pair.0.row,
            StoppedSide::Candidate => pair.1.row,
        };
        let by_row: HashMap<usize, (&ScoredItem, &ScoredItem)> =
            pairs.into_iter().map(|pair| (row(&pair), pair)).collect();
        // What comes after a pair that the other side lacks was not drawn in this order.
        let in_order = stopped.order.iter().map_while(|row| by_row.get(row));
        let progress = progress(in_order.copied(), &stopped.planned, benchmark);
        // The pairs that were planned and not scored are not missing: the sequence allows for them.
        let mut expected: BTreeMap<String, usize> = BTreeMap::new();
        for item in baseline {
            *expected.entry(item.subset.clone()).or_default() += 1;
        }
        let lacking = std::mem::take(&mut comparison.coverage.lacking);
        comparison.coverage = Coverage::new(expected, stopped.planned.clone(), benchmark);
        comparison.coverage.lacking = lacking;
        if let (StoppedSide::Candidate, Some(candidate)) = (side, &mut comparison.candidate) {
            candidate.coverage = comparison.coverage.clone();
        }
        sequential_lines(&mut comparison, &progress, benchmark);
        Ok(Self {
            comparison,
            progress,
            side,
        })
    }

    /// # Errors
    /// Where a rule is about something that is not compared.
    pub(crate) fn evaluate(
        &self,
        rule: &Rule,
        benchmark: Option<&Benchmark>,
    ) -> Result<RuleOutcome> {
        if rule.is_of_candidate() && matches!(self.side, StoppedSide::Baseline) {
            // All its pairs were scored.
            return rule.evaluate(&self.comparison);
        }
        let planned: Vec<(String, usize)> = self.progress.planned().into_iter().collect();
        let figures = figures(&planned, benchmark);
        let coverage = &self.comparison.coverage;
        let mut state = RuleState::new(rule, &figures, &self.progress, coverage)?;
        state.update(&self.progress);
        state.outcome(&self.progress, &self.comparison)
    }
}

/// The scored pairs in their order, and the others of the plan.
fn progress<'a>(
    in_order: impl Iterator<Item = (&'a ScoredItem, &'a ScoredItem)>,
    planned: &BTreeMap<String, usize>,
    benchmark: Option<&Benchmark>,
) -> Progress {
    // A pair is one comparison; how many answers other items have is not planned.
    let is_pair = |name: &String| Benchmark::metric_in(benchmark, name).shape() == Shape::Pair;
    let pairs = planned.values().sum();
    let mut progress = Progress {
        pairs,
        comparisons_left: planned.keys().all(is_pair).then_some(pairs),
        ..Progress::default()
    };
    for (before, after) in in_order {
        progress.subset(&before.subset, benchmark).expect(before);
        progress.add(after);
    }
    for (name, n) in planned {
        progress.subset(name, benchmark).expect_at_worst(*n);
    }
    progress
}
