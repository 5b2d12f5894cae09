//! Markdown: the table of a model card, and a comparison to read.

use crate::report::comparison_report::ComparisonReport;
use crate::report::comparison_table::{self, flips_heading};
use crate::report::document::Document;
use crate::report::markdown_parts::{
    comparison_header, comparison_rows, escape, flips, gate, list, run_header, run_rows,
};
use crate::report::run_report::RunReport;
use crate::report::run_table::{self, columns};
use crate::report::{model_card, notes};

pub(super) fn markdown(document: Document) -> String {
    match document {
        Document::Run(report) => run(report),
        Document::Comparison(report) => comparison(report),
    }
}

/// The metadata of a model card, a heading, the table, and the notes as a list.
fn run(report: &RunReport) -> String {
    let columns = columns(report);
    let [subsets, sections, totals] = run_table::blocks(&columns);
    [
        model_card::front_matter(report),
        format!("# {}\n\n", escape(&report.title)),
        run_header(&columns),
        run_rows(&subsets, false),
        run_rows(&sections, true),
        run_rows(&totals, true),
        "\n".to_owned(),
        list(&notes::run(report)),
    ]
    .concat()
}

/// A heading, the table, the notes, the flipped verdicts and the gate's outcomes.
fn comparison(report: &ComparisonReport) -> String {
    let [subsets, sections, totals] = comparison_table::blocks(report);
    let mut out = format!(
        "# {} against {}\n\n{}{}{}{}\n{}",
        escape(&report.candidate),
        escape(&report.baseline),
        comparison_header(report),
        comparison_rows(subsets, false),
        comparison_rows(sections, true),
        comparison_rows(totals, true),
        list(&notes::comparison(report))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn cells_of_a_run_stay_cells() {
        let text = run(&samples::run());
        let table = "| subset | n | A | =B\\|&lt;x&gt; | longer |\n|:--|--:|--:|--:|--:|\n\
                     | hep-go | 4 | 0.500 | 0.750 |";
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
