//! What a command leaves for its caller.

use crate::report::RunReport;
use crate::support::error::{Error, ErrorKind};

/// A command that has done its work.
pub struct Finished {
    /// The text for stdout; printed even where there is a complaint.
    pub text: String,
    /// Why the exit code is not 0: a gate that is not passed, or items that could not be scored.
    pub complaint: Option<Error>,
    /// What stderr ends with: what a gate decided and why.
    pub last_line: Option<String>,
}

impl From<String> for Finished {
    fn from(text: String) -> Self {
        Self {
            text,
            complaint: None,
            last_line: None,
        }
    }
}

/// Set where items could not be scored: the run is complete, but not clean.
pub(crate) fn invalid_verdicts(report: &RunReport) -> Option<Error> {
    let invalid = report
        .models
        .iter()
        .filter(|model| model.scores.total.invalid > 0);
    let invalid: Vec<String> = invalid
        .map(|model| format!("{} {}", model.scores.total.invalid, model.name))
        .collect();
    (!invalid.is_empty()).then(|| {
        let what = format!(
            "failed to score every pair: invalid verdicts: {}",
            invalid.join(", ")
        );
        Error::new(ErrorKind::Numerical, what)
            .hint("the report lists the first pairs and why; they count as not correct")
    })
}
