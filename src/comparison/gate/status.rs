//! What a rule, or a gate, says in one word.

use serde::Serialize;

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Pass,
    Fail,
    Inconclusive,
}

impl Status {
    /// Its name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// The status of a whole of which these are the parts: it fails where one part fails, and
    /// passes where all pass.
    pub(crate) fn of_all(parts: impl IntoIterator<Item = Self>) -> Self {
        let worse = |a, b| match (a, b) {
            (Self::Fail, _) | (_, Self::Fail) => Self::Fail,
            (Self::Inconclusive, _) | (_, Self::Inconclusive) => Self::Inconclusive,
            (Self::Pass, Self::Pass) => Self::Pass,
        };
        parts.into_iter().fold(Self::Pass, worse)
    }
}
