//! The table of a comparison: header, rows and how their figures are written, the same in every
//! format that people read.

use crate::comparison::gate::Status;
use crate::comparison::{Difference, Matching};
use crate::data::pair_texts::PairTexts;
use crate::metrics::Estimate;
use crate::report::comparison_report::{ComparisonReport, Flip};

/// A figure that a row does not have.
const MISSING: &str = "–";

/// The rows, in the order of every table: subsets, sections, totals.
pub(super) fn blocks(report: &ComparisonReport) -> [&[Difference]; 3] {
    [
        &report.comparison.subsets,
        &report.comparison.sections,
        &report.comparison.totals,
    ]
}

/// Whether the same pairs are compared, or only two columns of accuracies.
pub(super) fn is_paired(report: &ComparisonReport) -> bool {
    matches!(report.comparison.matching, Matching::Paired { .. })
}

/// Names of the columns.
pub(super) fn header(report: &ComparisonReport) -> Vec<&'static str> {
    let mut header = vec!["subset", "n", "baseline", "candidate", "difference"];
    if is_paired(report) {
        header.extend(["gained", "lost", "p", "Holm", "showable"]);
    }
    header
}

/// A row's cells, one for each column of [`header`]. `with_sides`: the intervals of both sides
/// too, not only that of the difference.
pub(super) fn cells(row: &Difference, with_sides: bool) -> Vec<String> {
    let side = |e: Estimate| {
        if with_sides {
            format!("{:.3} [{:.3}, {:.3}]", e.accuracy, e.low, e.high)
        } else {
            format!("{:.3}", e.accuracy)
        }
    };
    let mut cells = vec![
        row.name.clone(),
        row.n.to_string(),
        side(row.baseline),
        side(row.candidate),
        with_interval(row),
    ];
    if let Some(pairs) = row.pairs {
        let optional = |value: Option<String>| value.unwrap_or_else(|| MISSING.to_owned());
        cells.extend([
            pairs.gained.to_string(),
            pairs.lost.to_string(),
            p_value(pairs.p),
            optional(pairs.holm.map(p_value)),
            optional(pairs.detectable.map(|delta| format!("{delta:.3}"))),
        ]);
    }
    cells
}

/// The difference and its interval.
pub(super) fn with_interval(row: &Difference) -> String {
    format!(
        "{} [{}, {}]",
        signed(row.value),
        signed(row.interval.low),
        signed(row.interval.high)
    )
}

/// Three decimals; a difference that rounds to 0 has no sign.
pub(super) fn signed(value: f64) -> String {
    if value.abs() < 0.0005 {
        "0.000".to_owned()
    } else {
        format!("{value:+.3}")
    }
}

/// To put behind other figures: `, p = 0.0176`; empty where pairs are not matched.
pub(super) fn with_p(row: &Difference) -> String {
    let Some(pairs) = row.pairs else {
        return String::new();
    };
    let p = p_value(pairs.p);
    let sign = if p.starts_with('<') { "" } else { "= " };
    format!(", p {sign}{p}")
}

/// The same, and with the correction for several tests where it changes it.
pub(super) fn with_corrected_p(row: &Difference) -> String {
    let holm = row
        .pairs
        .and_then(|own| own.holm.filter(|holm| *holm > own.p));
    let corrected = holm.map_or_else(String::new, |holm| format!(", corrected {}", p_value(holm)));
    with_p(row) + &corrected
}

fn p_value(p: f64) -> String {
    if p < 0.0001 {
        "<0.0001".to_owned()
    } else {
        format!("{p:.4}")
    }
}

/// The mark of a rule's outcome.
pub(super) fn mark(status: Status) -> char {
    match status {
        Status::Pass => '✓',
        Status::Fail => '✗',
        Status::Inconclusive => '~',
    }
}

/// The heading of a list of flipped verdicts.
pub(super) fn flips_heading(report: &ComparisonReport, flips: &[Flip]) -> String {
    format!(
        "changed verdicts, {} of {}, largest change of the margin first",
        flips.len(),
        report.comparison.changes.len()
    )
}

/// The whole texts of a pair by their names.
pub(super) fn texts(text: &PairTexts) -> [(&'static str, &str); 3] {
    [
        ("prompt", &text.prompt),
        ("chosen", &text.chosen),
        ("rejected", &text.rejected),
    ]
}
