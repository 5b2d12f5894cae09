//! The table of a model card.

use super::{Column, Line, Report, columns, lines, notes, text as cell};
use crate::error::one_line;

/// A heading, the table, and the notes as a list.
pub fn markdown(report: &Report) -> String {
    let mut text = format!("# {}\n\n", escape(&report.title));
    let columns = columns(report);
    text.push_str(&head(&columns));
    let [subsets, sections, totals] = lines(&columns);
    for line in &subsets {
        text.push_str(&row(line, ""));
    }
    for line in sections.iter().chain(&totals) {
        text.push_str(&row(line, "**"));
    }
    text.push('\n');
    text.push_str(&list(&notes(report)));
    text
}

/// The first two lines of a table.
pub(super) fn head(columns: &[Column]) -> String {
    let names: Vec<String> = columns.iter().map(|column| escape(column.name())).collect();
    format!("| subset | n | {} |\n|:--|--:|{}\n", names.join(" | "), "--:|".repeat(names.len()))
}

pub(super) fn list(notes: &[String]) -> String {
    let mut text = String::new();
    for note in notes {
        text.push_str(&format!("- {}\n", escape(note)));
    }
    text
}

pub(super) fn row(line: &Line, mark: &str) -> String {
    let cells: Vec<String> = line.cells.iter().map(|value| cell(*value)).collect();
    format!("| {mark}{}{mark} | {} | {} |\n", escape(&line.label), line.n, cells.join(" | "))
}

/// Text that stays text: no cell ends, no code, no HTML, no line ends.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in one_line(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}
