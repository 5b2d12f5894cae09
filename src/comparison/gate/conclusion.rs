//! What the rules of a gate say together, and the exit code that follows.

use std::fmt;

use crate::comparison::gate::outcome::RuleOutcome;
use crate::comparison::gate::status::Status;
use crate::support::count::count;
use crate::support::error::ErrorKind;

/// What all rules say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conclusion {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) inconclusive: usize,
    pub(crate) exit: Exit,
}

/// Which exit code follows, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    AllPassed,
    /// Some are inconclusive, which counts with a strict gate only.
    NoneFailed,
    Failed,
    /// Some are inconclusive, and the gate is strict.
    Inconclusive,
    /// No rule objects, but pairs of the run could not be scored.
    InvalidVerdicts,
}

impl Conclusion {
    /// `None` without rules. `invalid`: whether the command itself ends with the exit code for
    /// invalid verdicts where no rule objects.
    pub(crate) fn of(rules: &[RuleOutcome], strict: bool, invalid: bool) -> Option<Self> {
        let number = |status| rules.iter().filter(|rule| rule.status == status).count();
        let [passed, failed, inconclusive] =
            [Status::Pass, Status::Fail, Status::Inconclusive].map(number);
        let exit = match (failed, inconclusive) {
            (1.., _) => Exit::Failed,
            (_, 1..) if strict => Exit::Inconclusive,
            _ if invalid => Exit::InvalidVerdicts,
            (_, 1..) => Exit::NoneFailed,
            _ => Exit::AllPassed,
        };
        (!rules.is_empty()).then_some(Self {
            passed,
            failed,
            inconclusive,
            exit,
        })
    }

    pub(crate) fn rules(self) -> usize {
        self.passed + self.failed + self.inconclusive
    }

    /// Of all rules together.
    pub(crate) fn status(self) -> Status {
        match (self.failed, self.inconclusive) {
            (1.., _) => Status::Fail,
            (_, 1..) => Status::Inconclusive,
            _ => Status::Pass,
        }
    }
}

impl Exit {
    /// The kind of the error that the command ends with; `None` where it ends with 0.
    pub(crate) fn kind(self) -> Option<ErrorKind> {
        match self {
            Self::AllPassed | Self::NoneFailed => None,
            Self::Failed => Some(ErrorKind::Gate),
            Self::InvalidVerdicts => Some(ErrorKind::Numerical),
            Self::Inconclusive => Some(ErrorKind::Inconclusive),
        }
    }

    pub(crate) fn code(self) -> u8 {
        self.kind().map_or(0, |kind| kind as u8)
    }

    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::AllPassed => "every rule passed",
            Self::NoneFailed => "no rule failed; --strict-gate would not let this pass",
            Self::Failed => "a rule failed",
            Self::Inconclusive => "a rule is inconclusive, and the gate is strict",
            Self::InvalidVerdicts => "pairs could not be scored",
        }
    }
}

/// `3 rules: 1 passed, 1 failed, 1 inconclusive; exit code 3: a rule failed`.
impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} passed, {} failed, {} inconclusive; exit code {}: {}",
            count(self.rules(), "rule"),
            self.passed,
            self.failed,
            self.inconclusive,
            self.exit.code(),
            self.exit.why()
        )
    }
}

/// The conclusion and each rule with its figures, on one line.
pub(crate) fn in_one_line(conclusion: Conclusion, rules: &[RuleOutcome]) -> String {
    let rules = rules
        .iter()
        .map(|rule| format!("{} {}: {}", rule.status.name(), rule.rule, rule.reason));
    std::iter::once(format!("gate: {conclusion}"))
        .chain(rules)
        .collect::<Vec<_>>()
        .join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conclusion(statuses: &[Status], strict: bool, invalid: bool) -> String {
        let rules: Vec<RuleOutcome> = statuses
            .iter()
            .map(|status| RuleOutcome::sample("max-ties:0", *status, "0 ties", ""))
            .collect();
        Conclusion::of(&rules, strict, invalid).map_or_else(String::new, |all| all.to_string())
    }

    #[test]
    fn the_gravest_reason_gives_the_exit_code() {
        use Status::{Fail, Inconclusive, Pass};
        for (statuses, strict, invalid, expected) in [
            (
                vec![Pass],
                true,
                false,
                "1 rule: 1 passed, 0 failed, 0 inconclusive; exit code 0: every rule passed",
            ),
            (
                vec![Pass, Inconclusive],
                false,
                false,
                "exit code 0: no rule failed; --strict-gate",
            ),
            (
                vec![Pass, Inconclusive],
                false,
                true,
                "exit code 6: pairs could not be scored",
            ),
            (
                vec![Pass, Inconclusive],
                true,
                true,
                "exit code 8: a rule is inconclusive",
            ),
            (
                vec![Pass, Inconclusive, Fail],
                true,
                true,
                "3 rules: 1 passed, 1 failed, 1 inconclusive; exit code 3: a rule failed",
            ),
            (Vec::new(), true, true, ""),
        ] {
            let found = conclusion(&statuses, strict, invalid);
            assert!(found.contains(expected), "{found}");
        }
    }
}
