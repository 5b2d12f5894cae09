//! What the Markdown of model cards and of step summaries is made of.

use crate::comparison::Difference;
use crate::report::comparison_report::{ComparisonReport, Flip};
use crate::report::comparison_table::{cells, header, mark, texts};
use crate::report::measured_with::{self, FactLine};
use crate::report::run_table::{TableCell, TableColumn, TableRow};
use crate::support::error::one_line;

/// The first two lines of a run's table.
pub(super) fn run_header(columns: &[TableColumn]) -> String {
    let names: Vec<String> = columns.iter().map(|column| escape(column.name())).collect();
    format!(
        "| subset | n | {} |\n|:--|--:|{}\n",
        names.join(" | "),
        "--:|".repeat(names.len())
    )
}

/// Lines of a run's table.
pub(super) fn run_rows(rows: &[TableRow], bold: bool) -> String {
    let mark = if bold { "**" } else { "" };
    let row = |row: &TableRow| {
        let cells: Vec<String> = row.cells.iter().map(run_cell).collect();
        format!(
            "| {mark}{}{mark} | {} | {} |\n",
            escape(&row.label),
            row.n_text(),
            cells.join(" | ")
        )
    };
    rows.iter().map(row).collect()
}

/// A figure with its interval; the best of a row is bold.
fn run_cell(cell: &TableCell) -> String {
    let mark = if cell.is_best() { "**" } else { "" };
    let interval = cell.interval().map(|own| format!(" {}", escape(&own)));
    format!(
        "{mark}{}{mark}{}",
        cell.text(),
        interval.unwrap_or_default()
    )
}

/// The first two lines of a comparison's table.
pub(super) fn comparison_header(report: &ComparisonReport) -> String {
    let header = header(report);
    format!(
        "| {} |\n|:--{}|\n",
        header.join(" | "),
        "|--:".repeat(header.len() - 1)
    )
}

/// Lines of a comparison's table.
pub(super) fn comparison_rows(rows: &[Difference], bold: bool) -> String {
    let row = |row: &Difference| {
        let mut cells: Vec<String> = cells(row, true).iter().map(|cell| escape(cell)).collect();
        if bold {
            cells[0] = format!("**{}**", cells[0]);
        }
        format!("| {} |\n", cells.join(" | "))
    };
    rows.iter().map(row).collect()
}

/// Texts as a list.
pub(super) fn list(texts: &[String]) -> String {
    let item = |text: &String| format!("- {}\n", escape(text));
    texts.iter().map(item).collect()
}

/// What columns were measured with, as a list.
pub(super) fn facts(columns: &[measured_with::Column]) -> String {
    let lines = measured_with::lines(columns);
    let texts: Vec<String> = lines.iter().map(FactLine::sentence).collect();
    list(&texts)
}

/// Flipped verdicts as a list.
pub(super) fn flips(flips: &[Flip]) -> String {
    let mut out = String::new();
    for flip in flips {
        out.push_str(&format!("- {}\n", escape(&flip.change.to_string())));
        for (label, text) in flip.text.iter().flat_map(texts) {
            out.push_str(&format!("  - {label}: {}\n", escape(text)));
        }
    }
    out
}

/// What the gate says together, and its outcomes as a list.
pub(super) fn gate(report: &ComparisonReport) -> String {
    let conclusion = report.conclusion.map(|all| all.to_string());
    let mut out = conclusion.map_or_else(String::new, |all| format!("{}\n\n", escape(&all)));
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

/// Text that stays text: no cell ends, no code, no HTML, no formula, no line ends, and none begins
/// a block.
pub(super) fn escape(text: &str) -> String {
    let text = one_line(text);
    // Spaces around it mean nothing, but `**x **` is not bold.
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let mut out = String::new();
    for (at, c) in text.char_indices() {
        let ends_word = || !text[at + c.len_utf8()..].starts_with(char::is_alphanumeric);
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '#' | '$' => out.extend(['\\', c]),
            // Items of lists and rules: `- x`, `1. x`, `---`.
            '+' | '-' if at == 0 && ends_word() => out.extend(['\\', c]),
            '.' | ')' if at > 0 && at == digits && ends_word() => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}
