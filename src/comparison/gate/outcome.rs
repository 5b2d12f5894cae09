//! Outcomes of rules.

use crate::comparison::gate::settling::Settling;
use crate::comparison::gate::status::Status;
use crate::stats::Interval;

/// A rule, what it says of a comparison, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleOutcome {
    /// The rule as it was written.
    pub(crate) rule: String,
    pub status: Status,
    /// The figures behind it beside the limit, what its scope lacks, and what would settle it.
    pub reason: String,
    /// The figure that decided; `None` where nothing was measured.
    pub(crate) measured: Option<Measured>,
    /// What would settle it; `None` where it is settled.
    pub(crate) settling: Option<Settling>,
    /// Pairs of its scope that were not compared.
    pub(crate) missing: usize,
    /// Pairs to look at first.
    pub(crate) look_at: Vec<String>,
}

/// What a rule measured, beside its limit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measured {
    /// The name of the figure, or what was counted.
    pub(crate) figure: String,
    /// A difference, an accuracy, a share, a count or a p-value, as the rule has it.
    pub(crate) value: f64,
    /// By which it is judged; `None` where the value itself is.
    pub(crate) interval: Option<Interval>,
    /// In the unit of the value: the least that it may be for `drop` and `min`, else the most.
    pub(crate) limit: f64,
    /// Pairs that it was measured on.
    pub(crate) pairs: usize,
}

#[cfg(test)]
impl RuleOutcome {
    /// With one pair to look at, for the tests of other files.
    pub(crate) fn sample(rule: &str, status: Status, reason: &str, look_at: &str) -> Self {
        Self {
            rule: rule.to_owned(),
            status,
            reason: reason.to_owned(),
            measured: None,
            settling: None,
            missing: 0,
            look_at: vec![look_at.to_owned()],
        }
    }
}
