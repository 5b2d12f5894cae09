//! Rules on a finished comparison.

use crate::comparison::candidate::{Candidate, OwnFigure};
use crate::comparison::compare::Comparison;
use crate::comparison::coverage::{self, Coverage, Gap};
use crate::comparison::difference::Difference;
use crate::comparison::gate::finding::{
    Finding, NO_DROP, NO_SIGNIFICANT_DROP, NONE_BELOW, Summary, drop_status, least, level, percent,
};
use crate::comparison::gate::outcome::{Measured, RuleOutcome};
use crate::comparison::gate::rule::Rule;
use crate::comparison::gate::scope::Scope;
use crate::comparison::gate::settling::{ROUNDING, Settling};
use crate::comparison::gate::status::Status;
use crate::comparison::item_key::ItemKey;
use crate::metrics::{PositionBias, Tally};
use crate::stats::{Interval, count as float, holm};
use crate::support::count::{count, plural};
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
                // With pairs missing it cannot pass anyway.
                if self.gaps(&comparison.coverage).is_empty() {
                    let least = figures.iter().filter_map(|figure| figure.least_p());
                    self.check_reachable(&least.collect::<Vec<_>>(), alpha)?;
                }
                significant_drop(&figures, alpha, comparison)
            }
            Self::Min { scope, least } => {
                min(&self.of_candidate(scope, comparison)?, *least, comparison)
            }
            Self::MaxTies(most) => with_candidate(comparison, |candidate| {
                let tally = candidate.total;
                at_most(tally.tie, *most, "tie", tally, &candidate.ties)
            }),
            Self::MaxInvalid(most) => with_candidate(comparison, |candidate| {
                let (tally, items) = (candidate.total, &candidate.invalid);
                at_most(tally.invalid, *most, "invalid verdict", tally, items)
            }),
            Self::MaxPositionBias(most) => with_candidate(comparison, |candidate| {
                position_bias(candidate.behaviour.position_bias, *most)
            }),
        };
        let coverage = self.coverage(comparison);
        Ok(self.outcome(summary, &self.gaps(coverage), coverage.part.as_deref()))
    }

    /// Of the pairs that the rule judges: all of the candidate's, where it is about them alone.
    fn coverage<'a>(&self, comparison: &'a Comparison) -> &'a Coverage {
        let candidate = comparison.candidate.as_ref();
        let candidate = candidate.filter(|_| self.is_of_candidate());
        candidate.map_or(&comparison.coverage, |candidate| &candidate.coverage)
    }

    /// Whether the baseline does not matter to it.
    pub(crate) fn is_of_candidate(&self) -> bool {
        match self {
            Self::Drop { .. } | Self::SignificantDrop { .. } => false,
            Self::Min { .. }
            | Self::MaxTies(_)
            | Self::MaxInvalid(_)
            | Self::MaxPositionBias(_) => true,
        }
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
        let blocks = blocks.map(Vec::as_slice);
        scope.among(blocks, |figure| &figure.key, &comparison.coverage, self)
    }

    /// The candidate's own figures; of a published one those that were compared.
    fn of_candidate(&self, scope: &Scope, comparison: &Comparison) -> Result<Vec<OwnFigure>> {
        let Some(candidate) = &comparison.candidate else {
            let figures = self.figures(scope, comparison)?;
            return Ok(figures.into_iter().map(of_published).collect());
        };
        let own = &candidate.figures;
        let blocks = [&own.subsets, &own.sections, &own.totals].map(Vec::as_slice);
        let covered = scope.among(blocks, |figure| &figure.key, &candidate.coverage, self)?;
        Ok(covered.into_iter().cloned().collect())
    }

    /// The subsets of its scope of which pairs are missing. Rules without a scope are about all
    /// pairs.
    pub(crate) fn gaps<'a>(&self, coverage: &'a Coverage) -> Vec<&'a Gap> {
        match self {
            Self::Drop { scope, .. }
            | Self::SignificantDrop { scope, .. }
            | Self::Min { scope, .. } => scope.gaps(coverage),
            Self::MaxTies(_) | Self::MaxInvalid(_) | Self::MaxPositionBias(_) => {
                coverage.gaps.iter().collect()
            }
        }
    }

    /// The outcome, given what the scope lacks: a rule of which pairs are missing cannot pass.
    /// `part`: why some are missing that nobody has counted.
    pub(crate) fn outcome(
        &self,
        summary: Summary,
        gaps: &[&Gap],
        part: Option<&str>,
    ) -> RuleOutcome {
        let missing = coverage::missing(gaps);
        let mut outcome = RuleOutcome {
            rule: self.to_string(),
            status: summary.status,
            reason: summary.reason,
            measured: summary.measured,
            settling: summary.settling,
            missing,
            look_at: summary.look_at,
        };
        let Some(note) = coverage::note(gaps) else {
            if let Some(part) = part.filter(|_| outcome.status != Status::Fail) {
                outcome.status = Status::Inconclusive;
                outcome.reason = format!("{part}; of what is there: {}", outcome.reason);
            }
            return outcome;
        };
        let measured = std::mem::take(&mut outcome.reason);
        outcome.reason = if measured.is_empty() {
            format!("its scope lacks {note}, and nothing of it was compared")
        } else {
            format!("its scope lacks {note}; of what is there: {measured}")
        };
        let is_settled = matches!(outcome.settling, Some(Settling::Never(_)));
        if outcome.status != Status::Fail && !is_settled {
            let settling = Settling::Missing(missing);
            outcome.status = Status::Inconclusive;
            outcome.reason.push_str(&format!("; {settling}"));
            outcome.settling = Some(settling);
        }
        outcome
    }
}

/// Rules that concern the candidate's verdicts alone.
fn with_candidate(
    comparison: &Comparison,
    evaluate: impl FnOnce(&Candidate) -> Summary,
) -> Summary {
    let without = || Summary::never("the candidate is a published column, which has no verdicts");
    comparison.candidate.as_ref().map_or_else(without, evaluate)
}

fn at_most(n: usize, most: usize, noun: &str, tally: Tally, items: &[ItemKey]) -> Summary {
    let look_at = if n > most { items } else { &[] };
    Summary {
        status: bound(float(n) <= float(most)),
        reason: format!(
            "{} of {}, limit {most}",
            count(n, noun),
            count(tally.n(), "pair")
        ),
        measured: Some(Measured {
            figure: plural(0, noun),
            value: float(n),
            interval: None,
            limit: float(most),
            pairs: tally.n(),
        }),
        settling: None,
        look_at: look_at.iter().map(ToString::to_string).collect(),
    }
}

fn position_bias(bias: Option<PositionBias>, most: f64) -> Summary {
    let Some(PositionBias { disagree, n, .. }) = bias else {
        return Summary::never(
            "no pair has two finite logits, one for each order: the model reads one answer at a \
             time, or could score none",
        );
    };
    Summary {
        status: bound(disagree <= most),
        reason: format!(
            "the two orders disagree on {:.2} % of {}, limit {most}",
            disagree * 100.0,
            count(n, "pair")
        ),
        measured: Some(Measured {
            figure: "the two orders disagree".to_owned(),
            value: disagree,
            interval: None,
            limit: most,
            pairs: n,
        }),
        settling: None,
        look_at: Vec::new(),
    }
}

/// The status of a bound without statistics.
fn bound(is_met: bool) -> Status {
    if is_met { Status::Pass } else { Status::Fail }
}

fn drop(figures: &[&Difference], limit: f64, error_share: f64, comparison: &Comparison) -> Summary {
    let (level, least) = (level(figures.len(), error_share), least(limit));
    let finding = |figure: &&Difference| {
        let interval = figure.interval_at(level);
        let status = drop_status(interval, limit);
        let text = format!(
            "{} {:+.4}, {} % interval [{:+.4}, {:+.4}], limit {least}",
            figure.name,
            figure.value,
            percent(level),
            interval.low,
            interval.high
        );
        let is_open = status == Status::Inconclusive;
        Finding {
            status,
            subsets: figure.subsets.clone(),
            text,
            measured: Some(measured(figure, figure.value, Some(interval), least)),
            slack: interval.low - least,
            settling: is_open.then(|| Settling::of(figure.value, interval, least, figure.n)),
        }
    };
    Summary::of(figures.iter().map(finding).collect(), comparison, NO_DROP)
}

fn measured(figure: &Difference, value: f64, interval: Option<Interval>, limit: f64) -> Measured {
    Measured {
        figure: figure.name.clone(),
        value,
        interval,
        limit,
        pairs: figure.n,
    }
}

fn significant_drop(figures: &[&Difference], alpha: f64, comparison: &Comparison) -> Summary {
    let p: Vec<f64> = figures
        .iter()
        .filter_map(|figure| Some(figure.pairs?.p))
        .collect();
    if p.len() < figures.len() {
        return Summary::never(
            "the comparison is unpaired, and a published table has no verdicts to test",
        );
    }
    let correction = if figures.len() > 1 { " (Holm)" } else { "" };
    let finding = |(figure, p): (&&Difference, f64)| {
        let is_worse = figure.value < 0.0;
        let (gained, lost) = figure
            .pairs
            .map_or((0, 0), |pairs| (pairs.gained, pairs.lost));
        let text = format!(
            "{} {:+.4}, {lost} lost, {gained} gained, p {p:.2e}{correction}, limit {alpha}",
            figure.name, figure.value
        );
        // Were every pair lost, the test would not show it.
        let never = figure.least_p().filter(|least| *least >= alpha);
        if never.is_some() {
            return Finding {
                status: Status::Inconclusive,
                subsets: figure.subsets.clone(),
                text: format!("{text}: {} cannot show a drop", count(figure.n, "pair")),
                measured: Some(measured(figure, p, None, alpha)),
                slack: 0.0,
                settling: None,
            };
        }
        Finding {
            status: bound(!(is_worse && p < alpha)),
            subsets: figure.subsets.clone(),
            text,
            measured: Some(measured(figure, p, None, alpha)),
            slack: if is_worse { p - alpha } else { 1.0 },
            settling: None,
        }
    };
    let findings = figures.iter().zip(holm(&p)).map(finding).collect();
    Summary::of(findings, comparison, NO_SIGNIFICANT_DROP)
}

/// A published candidate has no verdicts, only the figures that were compared.
fn of_published(figure: &Difference) -> OwnFigure {
    OwnFigure {
        name: figure.name.clone(),
        key: figure.key.clone(),
        subsets: figure.subsets.clone(),
        n: figure.n,
        accuracy: figure.candidate.accuracy,
    }
}

fn min(figures: &[OwnFigure], least: f64, comparison: &Comparison) -> Summary {
    let finding = |figure: &OwnFigure| {
        let accuracy = figure.accuracy;
        Finding {
            status: bound(accuracy >= least - ROUNDING),
            subsets: figure.subsets.clone(),
            text: format!(
                "{} {accuracy:.4} of {}, limit {least}",
                figure.name,
                count(figure.n, "pair")
            ),
            measured: Some(Measured {
                figure: figure.name.clone(),
                value: accuracy,
                interval: None,
                limit: least,
                pairs: figure.n,
            }),
            slack: accuracy - least,
            settling: None,
        }
    };
    Summary::of(
        figures.iter().map(finding).collect(),
        comparison,
        NONE_BELOW,
    )
}
