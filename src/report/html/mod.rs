//! One page that needs nothing but a browser: inline SVG, no request, and a script only to sort tables.

mod compare;
mod element;
mod margins;
mod page;
mod pairs;
mod plot;
mod run;
mod scale;
mod table;

use super::comparison::{ComparisonReport, notes as comparison_notes};
use super::{Report, notes};

/// A run: who is ahead, where, how sure, and which pairs to read.
pub fn html(report: &Report) -> String {
    let mut sections =
        vec![("Averages", run::overview(report)), ("Subsets", run::subsets(report)), ("Table", run::table(report)), ("Margins", run::margins(report))];
    if let Some(found) = report.side_by_side.as_ref().filter(|found| !found.apart.is_empty() || found.wrong.iter().any(|wrong| !wrong.is_empty())) {
        sections.push(("Pairs to read", run::examples(report, found)));
    }
    sections.push(("Notes", page::list(&notes(report))));
    page::page(&report.title, run::header(report), sections)
}

/// A comparison: is the candidate worse, what the gate says, where, and on which pairs.
pub fn comparison(report: &ComparisonReport) -> String {
    let mut sections = Vec::new();
    if !report.gate.is_empty() {
        sections.push(("Gate", compare::gate(&report.gate)));
    }
    sections.push(("Differences", compare::differences(report)));
    sections.push(("Table", compare::table(report)));
    if let Some(flips) = report.flips.as_ref().filter(|flips| !flips.is_empty()) {
        sections.push(("Changed pairs", compare::changed(report, flips)));
    }
    sections.push(("Notes", page::list(&comparison_notes(report))));
    page::page(&format!("{} against {}", report.candidate, report.baseline), compare::header(report), sections)
}
