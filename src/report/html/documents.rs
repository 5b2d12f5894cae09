//! The sections of each kind of page, in the order in which a reader asks.

use crate::report::comparison_report::ComparisonReport;
use crate::report::document::Document;
use crate::report::html::comparison;
use crate::report::html::page::{Section, list, page};
use crate::report::html::scatter::scatter;
use crate::report::html::{provenance, run_header, run_sections};
use crate::report::measured_with;
use crate::report::notes;
use crate::report::run_report::RunReport;

pub(in crate::report) fn html(document: Document) -> String {
    match document {
        Document::Run(report) => run(report),
        Document::Comparison(report) => comparison(report),
    }
}

/// Who is ahead, where, how sure, and which pairs to read.
fn run(report: &RunReport) -> String {
    let mut sections = vec![
        Section::new("Overview", run_sections::overview(report)),
        Section::new("Subsets", run_sections::subsets(report)),
        Section::new("Table", run_sections::table(report)),
        Section::new("Margins", run_sections::margins(report)),
    ];
    let with_pairs = report.side_by_side.as_ref().filter(|side_by_side| {
        !side_by_side.apart.is_empty() || side_by_side.wrong.iter().any(|wrong| !wrong.is_empty())
    });
    if let Some(side_by_side) = with_pairs {
        sections.push(Section::new(
            "Pairs to read",
            run_sections::examples(report, side_by_side),
        ));
    }
    sections.push(Section::new("Notes", list(&notes::run_table(report))));
    sections.push(provenance::section(&measured_with::of_run(report)));
    page(&report.title, &run_header::header(report), &sections)
}

/// Is the candidate worse, what the gate says, where, and on which pairs.
fn comparison(report: &ComparisonReport) -> String {
    let mut sections = Vec::new();
    if !report.gate.is_empty() {
        sections.push(Section::new("Gate", comparison::gate(&report.gate)));
    }
    sections.push(Section::new("Differences", comparison::differences(report)));
    sections.push(Section::new("Table", comparison::table(report)));
    if let Some(scatter) = scatter(&report.comparison.margins) {
        sections.push(Section::new("Margins", scatter));
    }
    if let Some(flips) = report.flips.as_ref().filter(|flips| !flips.is_empty()) {
        sections.push(Section::new(
            "Changed pairs",
            comparison::changed(report, flips),
        ));
    }
    sections.push(Section::new("Notes", list(&notes::comparison(report))));
    sections.push(provenance::section(&measured_with::of_comparison(report)));
    page(&report.title(), &comparison::header(report), &sections)
}
