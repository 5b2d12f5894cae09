//! The table of a model card.

use crate::report::{Column, Line, Report, card, columns, lines, notes, text as cell};
use crate::support::error::one_line;

/// The metadata of a model card, a heading, the table, and the notes as a list.
pub fn markdown(report: &Report) -> String {
    let mut text = card::front_matter(report);
    text.push_str(&format!("# {}\n\n", escape(&report.title)));
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
    format!(
        "| subset | n | {} |\n|:--|--:|{}\n",
        names.join(" | "),
        "--:|".repeat(names.len())
    )
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
    format!(
        "| {mark}{}{mark} | {} | {} |\n",
        escape(&line.label),
        line.n,
        cells.join(" | ")
    )
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
