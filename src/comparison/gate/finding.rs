//! What a rule says of single figures, and how that is summed up.

use crate::comparison::change::Change;
use crate::comparison::compare::Comparison;
use crate::comparison::gate::outcome::Measured;
use crate::comparison::gate::settling::Settling;
use crate::comparison::gate::status::Status;
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
    /// `None` where nothing could be measured.
    pub(crate) measured: Option<Measured>,
    /// How far the figure is from failing; the least of several is the one to name.
    pub(crate) slack: f64,
    /// What would settle it, where it is inconclusive.
    pub(crate) settling: Option<Settling>,
}

/// What a rule says of all its figures.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Summary {
    pub(crate) status: Status,
    pub(crate) reason: String,
    pub(crate) measured: Option<Measured>,
    pub(crate) settling: Option<Settling>,
    /// Pairs to look at first.
    pub(crate) look_at: Vec<String>,
}

impl Summary {
    /// Of a rule that no number of pairs can settle.
    pub(crate) fn never(why: &'static str) -> Self {
        let settling = Settling::Never(why);
        Self {
            status: Status::Inconclusive,
            reason: settling.to_string(),
            measured: None,
            settling: Some(settling),
            look_at: Vec::new(),
        }
    }

    /// The worst status, the figures that have it, and pairs lost there. `all_pass`: what is said
    /// of several figures that all pass.
    pub(crate) fn of(findings: Vec<Finding>, comparison: &Comparison, all_pass: &str) -> Self {
        let status = status_of(&findings);
        let figures = findings.len();
        let mut worst: Vec<Finding> = findings
            .into_iter()
            .filter(|finding| finding.status == status)
            .collect();
        let nearest = worst.iter().min_by(|a, b| a.slack.total_cmp(&b.slack));
        let measured = nearest.and_then(|finding| finding.measured.clone());
        let all_pass = nearest
            .filter(|_| status == Status::Pass && figures > 1)
            .map(|nearest| {
                let text = &nearest.text;
                format!("{figures} compared, {all_pass}; nearest to the limit: {text}")
            });
        let settling = hardest(worst.iter().filter_map(|finding| finding.settling));
        let look_at = if status == Status::Pass {
            Vec::new()
        } else {
            lost_pairs(&worst, comparison)
        };
        for finding in &mut worst {
            if let Some(settling) = finding.settling {
                finding.text.push_str(&format!(": {settling}"));
            }
        }
        let texts: Vec<String> = worst.into_iter().map(|finding| finding.text).collect();
        Self {
            status,
            reason: all_pass.unwrap_or_else(|| texts.join("; ")),
            measured,
            settling,
            look_at,
        }
    }
}

/// What settles all of several figures: what the hardest of them needs.
fn hardest(needs: impl Iterator<Item = Settling>) -> Option<Settling> {
    let size = |settling: &Settling| match settling {
        Settling::Pairs { times, .. } => *times,
        Settling::Missing(n) | Settling::Left(n) => count(*n),
        Settling::Never(_) => f64::INFINITY,
    };
    needs.max_by(|a, b| size(a).total_cmp(&size(b)))
}

/// A limit of a drop, as the least difference that is allowed.
pub(crate) fn least(drop: f64) -> f64 {
    if drop > 0.0 { -drop } else { 0.0 }
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
