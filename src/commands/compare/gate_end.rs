//! How a comparison ends: its text, the exit code that its gate gives, and why.

use serde_json::json;

use crate::commands::finished::Finished;
use crate::comparison::Matching;
use crate::comparison::gate::{Conclusion, RuleOutcome, Status, in_one_line};
use crate::report::{ComparisonReport, Format, Style, render};
use crate::support::count::count;
use crate::support::error::{Error, ErrorKind, Result};

/// Its text, its complaint, and what stderr ends with: every rule in one line. With JSON that is
/// part of the one object on stderr. `other`: what the command complains of where no rule objects.
pub(crate) fn finished(
    report: &ComparisonReport,
    format: Format,
    other: Option<Error>,
) -> Result<Finished> {
    let text = render(report, format, Style::of_stdout())?;
    let Some(conclusion) = report.conclusion else {
        return Ok(Finished {
            complaint: other,
            ..text.into()
        });
    };
    let line = in_one_line(conclusion, &report.gate);
    let complaint = complaint(conclusion, report).or(other);
    Ok(match complaint {
        Some(error) if format == Format::Json => Finished {
            text,
            complaint: Some(error.caused_by(line)),
            last_line: None,
        },
        complaint => Finished {
            text,
            complaint,
            last_line: Some(if format == Format::Json {
                json!({ "gate": line, "exit_code": 0, "schema": 1 }).to_string()
            } else {
                line
            }),
        },
    })
}

/// What the gate itself complains of: a rule that failed, or, where it is strict, one that is
/// inconclusive.
fn complaint(conclusion: Conclusion, report: &ComparisonReport) -> Option<Error> {
    let kind = conclusion.exit.kind()?;
    let gate = &report.gate;
    let (status, what, hint) = match kind {
        ErrorKind::Gate => (
            Status::Fail,
            "failed to pass the gate",
            if report.comparison.matching == Matching::Unpaired {
                "each rule says what it measured beside its limit"
            } else {
                "`pairbench compare --flips` lists the pairs whose verdict changed"
            },
        ),
        ErrorKind::Inconclusive => (
            Status::Inconclusive,
            "failed to decide the gate: inconclusive",
            "each rule says what would settle it",
        ),
        _ => return None,
    };
    let here = gate.iter().filter(|outcome| outcome.status == status);
    let measured = |own: &RuleOutcome| format!("{}: {}", own.rule, own.reason);
    let rules: Vec<String> = here.map(measured).collect();
    let what = format!("{what}: {} of {}", rules.len(), count(gate.len(), "rule"));
    Some(
        Error::new(kind, what)
            .caused_by(rules.join("; "))
            .hint(hint),
    )
}
