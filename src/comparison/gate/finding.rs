//! What a rule says of single figures, and how that is summed up.

use crate::comparison::change::Change;
use crate::comparison::compare::Comparison;
use crate::comparison::gate::outcome::Status;
use crate::stats::{Interval, LEVEL, count};

/// Pairs named with a rule that is not met.
pub(crate) const LOOK_AT: usize = 5;

/// What is said of several figures that all pass.
pub(crate) const NO_DROP: &str = "no drop beyond the limit";
pub(crate) const NO_SIGNIFICANT_DROP: &str = "no significant drop";
pub(crate) const NONE_BELOW: &str = "none below";

/// What a rule says of one figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    pub(crate) status: Status,
    /// The subsets of the figure.
    pub(crate) subsets: Vec<String>,
    pub(crate) text: String,
}

/// What a rule says of all its figures.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Summary {
    pub(crate) status: Status,
    pub(crate) reason: String,
    /// Pairs to look at first.
    pub(crate) look_at: Vec<String>,
}

impl Summary {
    /// Without pairs to look at.
    pub(crate) fn new(status: Status, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            look_at: Vec::new(),
        }
    }

    /// The worst status, the figures that have it, and pairs lost there. `all_pass`: what is said
    /// of several figures that all pass.
    pub(crate) fn of(findings: Vec<Finding>, comparison: &Comparison, all_pass: &str) -> Self {
        let status = status_of(&findings);
        let figures = findings.len();
        if status == Status::Pass && figures > 1 {
            return Self::new(status, format!("{figures} compared, {all_pass}"));
        }
        let worst: Vec<Finding> = findings
            .into_iter()
            .filter(|finding| finding.status == status)
            .collect();
        let look_at = if status == Status::Pass {
            Vec::new()
        } else {
            lost_pairs(&worst, comparison)
        };
        let texts: Vec<String> = worst.into_iter().map(|finding| finding.text).collect();
        Self {
            look_at,
            ..Self::new(status, texts.join("; "))
        }
    }
}

fn lost_pairs(findings: &[Finding], comparison: &Comparison) -> Vec<String> {
    let is_here = |change: &&Change| {
        let mut subsets = findings.iter().flat_map(|finding| &finding.subsets);
        change.is_lost() && subsets.any(|subset| *subset == change.subset)
    };
    let lost = comparison.changes.iter().filter(is_here);
    lost.take(LOOK_AT).map(ToString::to_string).collect()
}

/// The status of a rule: the worst of its figures.
pub(crate) fn status_of(findings: &[Finding]) -> Status {
    Status::of_all(findings.iter().map(|finding| finding.status))
}

/// The confidence level of each figure's interval, corrected for their number (Bonferroni).
/// `error_share`: the share of the rule's error rate that may be spent.
pub(crate) fn level(figures: usize, error_share: f64) -> f64 {
    1.0 - error_share * (1.0 - LEVEL) / count(figures)
}

/// What the interval of a difference says about a drop by more than the limit.
pub(crate) fn drop_status(interval: Interval, limit: f64) -> Status {
    if interval.low >= -limit {
        Status::Pass
    } else if interval.high < -limit {
        Status::Fail
    } else {
        Status::Inconclusive
    }
}

/// A share in percent, with at most three decimals.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.3}", share * 100.0)
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}
