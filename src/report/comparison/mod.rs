//! A comparison, the pairs that changed and a gate's outcomes: what every format shows.

mod csv;
mod json;
mod markdown;
mod table;

pub use csv::csv;
pub use json::json;
pub use markdown::markdown;
pub(super) use markdown::{changed, gate, head, rows};
pub use table::table;

use crate::comparison::gate::{RuleOutcome, Status};
use crate::comparison::{Change, Comparison, Difference, MatchedBy, Matching};
use crate::data::excerpt::Excerpt;
use crate::metrics::Estimate;
use crate::stats::bootstrap;

/// What `pairbench compare` found, ready to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonReport {
    /// What the sides are: `MODEL (DIR)`.
    pub baseline: String,
    pub candidate: String,
    pub comparison: Comparison,
    /// The first of the changed pairs, where they were asked for.
    pub flips: Option<Vec<Flip>>,
    pub gate: Vec<RuleOutcome>,
    /// What a reader must know beyond the comparison's own notes.
    pub notes: Vec<String>,
}

/// A changed pair, with its texts where they can be had.
#[derive(Debug, Clone, PartialEq)]
pub struct Flip {
    pub(crate) change: Change,
    pub text: Option<Excerpt>,
}

const MISSING: &str = "–";

/// Subsets, sections, totals.
pub(super) fn blocks(report: &ComparisonReport) -> [&[Difference]; 3] {
    [
        &report.comparison.subsets,
        &report.comparison.sections,
        &report.comparison.totals,
    ]
}

pub(super) fn is_paired(report: &ComparisonReport) -> bool {
    matches!(report.comparison.matching, Matching::Paired { .. })
}

pub(super) fn header(report: &ComparisonReport) -> Vec<&'static str> {
    let mut header = vec!["subset", "n", "baseline", "candidate", "difference"];
    if is_paired(report) {
        header.extend(["gained", "lost", "p", "Holm", "showable"]);
    }
    header
}

/// Three decimals for people.
pub(super) fn cells(line: &Difference, wide: bool) -> Vec<String> {
    let side = |e: Estimate| {
        if wide {
            format!("{:.3} [{:.3}, {:.3}]", e.accuracy, e.low, e.high)
        } else {
            format!("{:.3}", e.accuracy)
        }
    };
    let mut cells = vec![
        line.name.clone(),
        line.n.to_string(),
        side(line.baseline),
        side(line.candidate),
        with_interval(line),
    ];
    if let Some(pairs) = line.pairs {
        let optional = |value: Option<String>| value.unwrap_or_else(|| MISSING.to_owned());
        cells.extend([
            pairs.gained.to_string(),
            pairs.lost.to_string(),
            p_value(pairs.p),
        ]);
        cells.extend([
            optional(pairs.holm.map(p_value)),
            optional(pairs.detectable.map(|delta| format!("{delta:.3}"))),
        ]);
    }
    cells
}

/// The difference and its interval.
pub(super) fn with_interval(line: &Difference) -> String {
    format!(
        "{} [{}, {}]",
        signed(line.value),
        signed(line.interval.low),
        signed(line.interval.high)
    )
}

/// A difference that rounds to nothing has no sign.
pub(super) fn signed(value: f64) -> String {
    if value.abs() < 0.0005 {
        "0.000".to_owned()
    } else {
        format!("{value:+.3}")
    }
}

/// Behind other figures: `, p = 0.0176`, where pairs are matched.
pub(super) fn with_p(line: &Difference) -> String {
    let sign = |p: &str| if p.starts_with('<') { "" } else { "= " };
    line.pairs
        .map(|pairs| p_value(pairs.p))
        .map_or_else(String::new, |p| format!(", p {}{p}", sign(&p)))
}

fn p_value(p: f64) -> String {
    if p < 0.0001 {
        "<0.0001".to_owned()
    } else {
        format!("{p:.4}")
    }
}

pub(super) fn mark(status: Status) -> char {
    match status {
        Status::Pass => '✓',
        Status::Fail => '✗',
        Status::Inconclusive => '~',
    }
}

fn by_name(by: MatchedBy) -> &'static str {
    match by {
        MatchedBy::Id => "subset and id",
        MatchedBy::Row => "row",
    }
}

/// How the figures were made, what was left out, and what else must be said.
pub(super) fn notes(report: &ComparisonReport) -> Vec<String> {
    let comparison = &report.comparison;
    let mut notes = Vec::new();
    if let Matching::Paired { by, pairs, .. } = comparison.matching {
        notes.push(format!(
            "{pairs} pairs in both, matched by {}; verdicts changed: {}",
            by_name(by),
            comparison.changes.len()
        ));
    }
    notes.extend(comparison.notes.iter().chain(&report.notes).cloned());
    notes.push(format!(
        "difference: candidate minus baseline, 95 % intervals: Newcombe's for subsets and all pairs, a stratified bootstrap ({} replicates) for sections and averages",
        bootstrap::REPLICATES
    ));
    if is_paired(report) {
        notes.push(format!(
            "p: exact McNemar test, two-sided, by sign flips where pairs weigh differently; Holm: corrected for {} subsets; showable: smallest difference that this \
             many pairs show with 80 % power at 5 %",
            comparison.subsets.len()
        ));
    }
    notes
}

pub(super) fn heading(report: &ComparisonReport, flips: &[Flip]) -> String {
    format!(
        "changed verdicts, {} of {}, largest change of the margin first",
        flips.len(),
        report.comparison.changes.len()
    )
}

fn texts(text: &Excerpt) -> [(&'static str, &str); 3] {
    [
        ("prompt", &text.prompt),
        ("chosen", &text.chosen),
        ("rejected", &text.rejected),
    ]
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::comparison::tests::paired;

    pub(in crate::report) fn sample() -> ComparisonReport {
        let comparison = paired(
            &[("a|<b>\u{1b}", "++++-"), ("hep-go", "+++-")],
            &[("a|<b>\u{1b}", "+---+"), ("hep-go", "+++-")],
        );
        let text = Excerpt {
            prompt: "=1+1, \"x\"\n".to_owned(),
            chosen: "<script>".to_owned(),
            rejected: "`r`".to_owned(),
        };
        let flips = comparison
            .changes
            .iter()
            .map(|change| Flip {
                change: change.clone(),
                text: Some(text.clone()),
            })
            .collect();
        let gate = ["drop:subset:*:0.01", "max-ties:0"].map(|rule| {
            rule.parse::<crate::comparison::gate::Rule>()
                .unwrap()
                .evaluate(&comparison)
                .unwrap()
        });
        ComparisonReport {
            baseline: "old|model".to_owned(),
            candidate: "new\u{1b}[31m".to_owned(),
            comparison,
            flips: Some(flips),
            gate: gate.into(),
            notes: vec!["more".to_owned()],
        }
    }
}
