//! Markdown: the table of a model card, and a comparison to read.

use crate::report::comparison_report::ComparisonReport;
use crate::report::comparison_table::{self, flips_heading};
use crate::report::document::Document;
use crate::report::markdown_parts::{
    comparison_header, comparison_rows, escape, facts, flips, gate, list, run_header, run_rows,
};
use crate::report::model_card::ModelCard;
use crate::report::run_report::RunReport;
use crate::report::run_table::{self, columns};
use crate::report::{measured_with, notes};

pub(super) fn markdown(document: Document) -> String {
    match document {
        Document::Run(report) => run(report),
        Document::Comparison(report) => comparison(report),
    }
}

/// A heading, the table, the notes, and what the columns were measured with.
fn run(report: &RunReport) -> String {
    let columns = columns(report);
    let [subsets, sections, totals] = run_table::blocks(&columns);
    [
        format!("# {}\n\n", escape(&report.heading())),
        run_header(&columns),
        run_rows(&subsets, false),
        run_rows(&sections, true),
        run_rows(&totals, true),
        "\n".to_owned(),
        list(&notes::run_table(report)),
        provenance(&measured_with::of_run(report)),
    ]
    .concat()
}

/// The metadata of a model card, and the report of its one model.
pub(super) fn model_card(card: &ModelCard) -> String {
    format!("{}{}", card.front_matter(), run(card.report()))
}

/// A heading, the table, the notes, what the sides were measured with, the flipped verdicts and the
/// gate's outcomes.
fn comparison(report: &ComparisonReport) -> String {
    let [subsets, sections, totals] = comparison_table::blocks(report);
    let mut out = format!(
        "# {} against {}\n\n{}{}{}{}\n{}{}",
        escape(&report.candidate),
        escape(&report.baseline),
        comparison_header(report),
        comparison_rows(subsets, false),
        comparison_rows(sections, true),
        comparison_rows(totals, true),
        list(&notes::comparison(report)),
        provenance(&measured_with::of_comparison(report))
    );
    if let Some(changed) = &report.flips {
        out.push_str(&format!(
            "\n## {}\n\n{}",
            escape(&flips_heading(report, changed)),
            flips(changed)
        ));
    }
    if !report.gate.is_empty() {
        out.push_str(&format!("\n## Gate\n\n{}", gate(report)));
    }
    out
}

/// A heading and a list; nothing without a column.
fn provenance(columns: &[measured_with::Column]) -> String {
    let facts = facts(columns);
    if facts.is_empty() {
        return facts;
    }
    let heading = one_capital(measured_with::HEADING);
    format!("\n## {}\n\n{facts}", escape(&heading))
}

/// Its first letter is a capital one.
fn one_capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn cells_of_a_run_stay_cells() {
        let text = run(&samples::run());
        let table = "| subset | n | A | =B\\|&lt;x&gt; | longer |\n|:--|--:|--:|--:|--:|\n\
                     | hep-go | 4 | 0.500 \\[0.068, 0.932\\] | **0.750** \\[0.194, 0.994\\] |";
        assert!(text.contains(table), "{text}");
    }

    #[test]
    fn cells_of_a_comparison_stay_cells() {
        let text = comparison(&samples::comparison());
        let rows: Vec<&str> = text.lines().filter(|l| l.starts_with('|')).collect();
        assert!(
            rows.iter()
                .all(|row| row.replace("\\|", "").matches('|').count() == 11),
            "{text}"
        );
        assert!(
            text.contains("a\\|&lt;b&gt;")
                && text.contains("&lt;script&gt;")
                && !text.contains("<script>"),
            "{text}"
        );
    }
}
