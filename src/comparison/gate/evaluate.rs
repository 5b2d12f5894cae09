//! Rules on a finished comparison.

use crate::comparison::candidate::Candidate;
use crate::comparison::compare::Comparison;
use crate::comparison::difference::Difference;
use crate::comparison::gate::finding::{
    Finding, NO_DROP, NO_SIGNIFICANT_DROP, NONE_BELOW, Summary, drop_status, level, percent,
};
use crate::comparison::gate::outcome::{RuleOutcome, Status};
use crate::comparison::gate::rule::Rule;
use crate::comparison::gate::scope::Scope;
use crate::comparison::item_key::ItemKey;
use crate::metrics::PositionBias;
use crate::stats::holm;
use crate::support::count::count;
use crate::support::error::Result;

impl Rule {
    /// # Errors
    /// Where the rule is about something that was not compared.
    pub fn evaluate(&self, comparison: &Comparison) -> Result<RuleOutcome> {
        self.evaluate_with(1.0, comparison)
    }

    /// With a share of the rule's error rate.
    pub(crate) fn evaluate_with(
        &self,
        error_share: f64,
        comparison: &Comparison,
    ) -> Result<RuleOutcome> {
        let figures = |scope: &Scope| self.figures(scope, comparison);
        let summary = match self {
            Self::Drop { scope, limit } => drop(&figures(scope)?, *limit, error_share, comparison),
            Self::SignificantDrop { scope, alpha } => {
                let (figures, alpha) = (figures(scope)?, alpha * error_share);
                let least = figures.iter().filter_map(|figure| figure.least_p());
                self.check_reachable(&least.collect::<Vec<_>>(), alpha)?;
                significant_drop(&figures, alpha, comparison)
            }
            Self::Min { scope, least } => min(&figures(scope)?, *least, comparison),
            Self::MaxTies(most) => with_candidate(comparison, |candidate| {
                at_most(candidate.total.tie, *most, "ties", &candidate.ties)
            }),
            Self::MaxInvalid(most) => with_candidate(comparison, |candidate| {
                let invalid = candidate.total.invalid;
                at_most(invalid, *most, "invalid verdicts", &candidate.invalid)
            }),
            Self::MaxPositionBias(most) => with_candidate(comparison, |candidate| {
                position_bias(candidate.behaviour.position_bias, *most)
            }),
        };
        Ok(RuleOutcome {
            rule: self.to_string(),
            status: summary.status,
            reason: summary.reason,
            look_at: summary.look_at,
        })
    }

    fn figures<'a>(
        &self,
        scope: &Scope,
        comparison: &'a Comparison,
    ) -> Result<Vec<&'a Difference>> {
        let blocks = [
            &comparison.subsets,
            &comparison.sections,
            &comparison.totals,
        ];
        scope.among(blocks.map(Vec::as_slice), |figure| &figure.key, self)
    }
}

/// Rules that concern the candidate's verdicts alone.
fn with_candidate(
    comparison: &Comparison,
    evaluate: impl FnOnce(&Candidate) -> Summary,
) -> Summary {
    let without = || {
        Summary::new(
            Status::Inconclusive,
            "the candidate is a published column: it has no verdicts",
        )
    };
    comparison.candidate.as_ref().map_or_else(without, evaluate)
}

fn at_most(n: usize, most: usize, what: &str, items: &[ItemKey]) -> Summary {
    let reason = format!("{n} {what}");
    if n > most {
        Summary {
            look_at: items.iter().map(ToString::to_string).collect(),
            ..Summary::new(Status::Fail, reason)
        }
    } else {
        Summary::new(Status::Pass, reason)
    }
}

fn position_bias(bias: Option<PositionBias>, most: f64) -> Summary {
    let Some(PositionBias { disagree, n, .. }) = bias else {
        return Summary::new(
            Status::Inconclusive,
            "the model does not read both answers at once",
        );
    };
    let status = if disagree > most {
        Status::Fail
    } else {
        Status::Pass
    };
    let reason = format!(
        "both orders disagree on {disagree:.4} of {}",
        count(n, "pair")
    );
    Summary::new(status, reason)
}

fn drop(figures: &[&Difference], limit: f64, error_share: f64, comparison: &Comparison) -> Summary {
    let level = level(figures.len(), error_share);
    let finding = |figure: &&Difference| {
        let interval = figure.interval_at(level);
        let status = drop_status(interval, limit);
        let text = format!(
            "{} {:+.4}, {} % interval [{:+.4}, {:+.4}]",
            figure.name,
            figure.value,
            percent(level),
            interval.low,
            interval.high
        );
        Finding {
            status,
            subsets: figure.subsets.clone(),
            text,
        }
    };
    Summary::of(figures.iter().map(finding).collect(), comparison, NO_DROP)
}

fn significant_drop(figures: &[&Difference], alpha: f64, comparison: &Comparison) -> Summary {
    let p: Vec<f64> = figures
        .iter()
        .filter_map(|figure| Some(figure.pairs?.p))
        .collect();
    if p.len() < figures.len() {
        return Summary::new(
            Status::Inconclusive,
            "the comparison is unpaired: a published table has no verdicts to test",
        );
    }
    let correction = if figures.len() > 1 { " (Holm)" } else { "" };
    let finding = |(figure, p): (&&Difference, f64)| {
        let status = if figure.value < 0.0 && p < alpha {
            Status::Fail
        } else {
            Status::Pass
        };
        let (gained, lost) = figure
            .pairs
            .map_or((0, 0), |pairs| (pairs.gained, pairs.lost));
        let text = format!(
            "{} {:+.4}, {lost} lost, {gained} gained, p {p:.2e}{correction}",
            figure.name, figure.value
        );
        Finding {
            status,
            subsets: figure.subsets.clone(),
            text,
        }
    };
    let findings = figures.iter().zip(holm(&p)).map(finding).collect();
    Summary::of(findings, comparison, NO_SIGNIFICANT_DROP)
}

fn min(figures: &[&Difference], least: f64, comparison: &Comparison) -> Summary {
    let finding = |figure: &&Difference| {
        let accuracy = figure.candidate.accuracy;
        let status = if accuracy < least {
            Status::Fail
        } else {
            Status::Pass
        };
        Finding {
            status,
            subsets: figure.subsets.clone(),
            text: format!("{} {accuracy:.4}", figure.name),
        }
    };
    Summary::of(
        figures.iter().map(finding).collect(),
        comparison,
        NONE_BELOW,
    )
}
