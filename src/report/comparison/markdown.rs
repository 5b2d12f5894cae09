//! The comparison as Markdown, and the parts that other Markdown is made of.

use crate::comparison::Difference;
use crate::report::comparison::{
    ComparisonReport, Flip, blocks, cells, header, heading, mark, notes, texts,
};
use crate::report::markdown::{escape, list};

pub fn markdown(report: &ComparisonReport) -> String {
    let mut out = format!(
        "# {} against {}\n\n",
        escape(&report.candidate),
        escape(&report.baseline)
    );
    out.push_str(&head(report));
    for (b, block) in blocks(report).into_iter().enumerate() {
        out.push_str(&rows(block, b > 0));
    }
    out.push('\n');
    out.push_str(&list(&notes(report)));
    if let Some(flips) = &report.flips {
        out.push_str(&format!(
            "\n## {}\n\n{}",
            escape(&heading(report, flips)),
            changed(flips)
        ));
    }
    if !report.gate.is_empty() {
        out.push_str(&format!("\n## Gate\n\n{}", gate(report)));
    }
    out
}

/// The first two lines of a Markdown table.
pub(in crate::report) fn head(report: &ComparisonReport) -> String {
    let header = header(report);
    format!(
        "| {} |\n|:--{}|\n",
        header.join(" | "),
        "|--:".repeat(header.len() - 1)
    )
}

/// Lines of a Markdown table.
pub(in crate::report) fn rows(lines: &[Difference], bold: bool) -> String {
    let row = |line: &Difference| {
        let mut cells: Vec<String> = cells(line, true).iter().map(|cell| escape(cell)).collect();
        if bold {
            cells[0] = format!("**{}**", cells[0]);
        }
        format!("| {} |\n", cells.join(" | "))
    };
    lines.iter().map(row).collect()
}

/// Changed pairs as a Markdown list.
pub(in crate::report) fn changed(flips: &[Flip]) -> String {
    let mut out = String::new();
    for flip in flips {
        out.push_str(&format!("- {}\n", escape(&flip.change.to_string())));
        for (label, text) in flip.text.iter().flat_map(texts) {
            out.push_str(&format!("  - {label}: {}\n", escape(text)));
        }
    }
    out
}

/// The gate's outcomes as a Markdown list.
pub(in crate::report) fn gate(report: &ComparisonReport) -> String {
    let mut out = String::new();
    for outcome in &report.gate {
        out.push_str(&format!(
            "- {} **{}** {}: {}\n",
            mark(outcome.status),
            outcome.status.name(),
            escape(&outcome.rule),
            escape(&outcome.reason)
        ));
        for pair in &outcome.look_at {
            out.push_str(&format!("  - look at {}\n", escape(pair)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::comparison::tests::sample;

    #[test]
    fn markdown_cells_stay_cells() {
        let text = markdown(&sample());
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
