//! A rule while pairs are scored.

use std::ops::Range;

use crate::comparison::compare::Comparison;
use crate::comparison::coverage::{Coverage, Gap};
use crate::comparison::figure::{Blocks, Figure};
use crate::comparison::gate::finding::{
    Finding, NO_DROP, NO_SIGNIFICANT_DROP, NONE_BELOW, Summary, level, status_of,
};
use crate::comparison::gate::outcome::{Measured, RuleOutcome};
use crate::comparison::gate::rule::Rule;
use crate::comparison::gate::sequential::figure::{SequentialFigure, significant_drop};
use crate::comparison::gate::sequential::progress::Progress;
use crate::comparison::gate::settling::Settling;
use crate::comparison::gate::status::Status;
use crate::stats::{Share, count as float};
use crate::support::count::{count, plural};
use crate::support::error::Result;

/// The share of a rule's error rate that the sequence has; the rest is for the final evaluation.
const SHARE: f64 = 0.5;

/// A rule, and what the pairs so far say of it.
pub(crate) struct RuleState {
    pub(crate) rule: Rule,
    /// None where the rule is about the candidate alone.
    figures: Vec<SequentialFigure>,
    /// Subsets of its scope of which pairs are missing, which is why it cannot pass.
    gaps: Vec<Gap>,
    /// Inconclusive until the rule is settled.
    pub(crate) status: Status,
    /// The number of pairs after which it was settled.
    settled_after: usize,
}

impl RuleState {
    /// `coverage`: of the pairs that are to be scored.
    pub(crate) fn new(
        rule: &Rule,
        figures: &Blocks<Figure>,
        progress: &Progress,
        coverage: &Coverage,
    ) -> Result<Self> {
        let figures = match rule {
            Rule::Drop { scope, .. }
            | Rule::SignificantDrop { scope, .. }
            | Rule::Min { scope, .. } => {
                let blocks = [&figures.subsets, &figures.sections, &figures.totals];
                let blocks = blocks.map(Vec::as_slice);
                scope.among(blocks, |figure| &figure.key, coverage, rule)?
            }
            Rule::MaxTies(_) | Rule::MaxInvalid(_) | Rule::MaxPositionBias(_) => Vec::new(),
        };
        let level = level(figures.len().max(1), SHARE);
        let sequential = |figure: &Figure| SequentialFigure::new(figure, level, progress);
        let figures: Vec<SequentialFigure> = figures.into_iter().map(sequential).collect();
        let gaps: Vec<Gap> = rule.gaps(coverage).into_iter().cloned().collect();
        // With pairs missing it cannot pass anyway.
        if let Rule::SignificantDrop { alpha, .. } = rule
            && gaps.is_empty()
        {
            let least = figures.iter().map(|figure| figure.least_p_of_all(progress));
            rule.check_reachable(&least.collect::<Vec<_>>(), (1.0 - SHARE) * alpha)?;
        }
        Ok(Self {
            rule: rule.clone(),
            figures,
            gaps,
            status: Status::Inconclusive,
            settled_after: 0,
        })
    }

    /// Pairs that are missing from its scope.
    pub(crate) fn expect(&mut self, coverage: &Coverage) {
        self.gaps = self.rule.gaps(coverage).into_iter().cloned().collect();
    }

    /// Evaluates the rule on the pairs so far, unless it is already settled.
    pub(crate) fn update(&mut self, progress: &Progress) {
        if self.status == Status::Inconclusive {
            for figure in &mut self.figures {
                figure.advance(progress);
            }
            self.status = match status_of(&self.findings(progress)) {
                Status::Pass if !self.gaps.is_empty() => Status::Inconclusive,
                status => status,
            };
            self.settled_after = progress.scored;
        }
    }

    /// What the rule says of each figure, or of the candidate: inconclusive where that may change.
    fn findings(&self, progress: &Progress) -> Vec<Finding> {
        let left = progress.left();
        let figures = self.figures.iter();
        match &self.rule {
            Rule::Drop { limit, .. } => {
                let level = level(self.figures.len(), SHARE);
                figures
                    .map(|figure| figure.drop(*limit, level, progress))
                    .collect()
            }
            Rule::SignificantDrop { alpha, .. } => {
                let (now, end) = (SHARE * alpha, (1.0 - SHARE) * alpha);
                significant_drop(&self.figures, now, end, progress)
            }
            Rule::Min { least, .. } => figures.map(|figure| figure.min(*least, progress)).collect(),
            Rule::MaxTies(most) => {
                let ties = progress.ties..progress.ties + left;
                vec![at_most(ties, *most, "tie", progress)]
            }
            Rule::MaxInvalid(most) => {
                let invalid = progress.invalid..progress.invalid + left;
                vec![at_most(invalid, *most, "invalid verdict", progress)]
            }
            Rule::MaxPositionBias(most) => vec![position_bias(*most, progress)],
        }
    }

    /// The outcome on the pairs so far, or after the last one.
    pub(crate) fn outcome(
        &self,
        progress: &Progress,
        comparison: &Comparison,
    ) -> Result<RuleOutcome> {
        if self.status == Status::Inconclusive {
            if progress.left() == 0 {
                return self.rule.evaluate_with(1.0 - SHARE, comparison);
            }
            let outcome = self.outcome_so_far(progress, comparison);
            return Ok(RuleOutcome {
                reason: format!("not settled yet: {}", outcome.reason),
                ..outcome
            });
        }
        // A settled rule about the candidate alone has the same status on the pairs so far.
        let outcome = if self.figures.is_empty() {
            self.rule.evaluate(comparison)?
        } else {
            self.outcome_so_far(progress, comparison)
        };
        let n = self.settled_after;
        Ok(RuleOutcome {
            reason: format!("{}; settled after {}", outcome.reason, count(n, "pair")),
            ..outcome
        })
    }

    fn outcome_so_far(&self, progress: &Progress, comparison: &Comparison) -> RuleOutcome {
        let all_pass = match &self.rule {
            Rule::Drop { .. } => NO_DROP,
            Rule::SignificantDrop { .. } => NO_SIGNIFICANT_DROP,
            _ => NONE_BELOW,
        };
        let summary = Summary::of(self.findings(progress), comparison, all_pass);
        let gaps: Vec<&Gap> = self.gaps.iter().collect();
        let part = comparison.coverage.part.as_deref();
        self.rule.outcome(summary, &gaps, part)
    }
}

/// A count that will end within this range, both ends included, and may be at most `most`.
fn at_most(range: Range<usize>, most: usize, noun: &str, progress: &Progress) -> Finding {
    let status = if range.start > most {
        Status::Fail
    } else if range.end <= most {
        Status::Pass
    } else {
        Status::Inconclusive
    };
    let text = format!("{} so far, limit {most}", count(range.start, noun));
    bound(
        status,
        &plural(0, noun),
        float(range.start),
        float(most),
        text,
        progress,
    )
}

fn position_bias(most: f64, progress: &Progress) -> Finding {
    let share = |correct: usize, n: usize| Share { correct, n }.value();
    let (disagree, finite) = (progress.disagree, progress.finite);
    let status = match progress.comparisons_left {
        Some(left) if share(disagree, finite + left) > most => Status::Fail,
        // A share of no pair is no share.
        Some(left) if finite + left > 0 && share(disagree + left, finite + left) <= most => {
            Status::Pass
        }
        _ => Status::Inconclusive,
    };
    let (what, now) = ("the two orders disagree", share(disagree, finite));
    let text = format!(
        "{what} on {now:.4} of {} so far, limit {most}",
        count(finite, "pair")
    );
    bound(status, what, now, most, text, progress)
}

/// What a bound on the candidate alone says.
fn bound(
    status: Status,
    what: &str,
    value: f64,
    limit: f64,
    text: String,
    progress: &Progress,
) -> Finding {
    Finding {
        status,
        subsets: Vec::new(),
        text,
        measured: Some(Measured {
            figure: what.to_owned(),
            value,
            interval: None,
            limit,
            pairs: progress.scored,
        }),
        slack: limit - value,
        settling: (status == Status::Inconclusive).then(|| Settling::Left(progress.left())),
    }
}
