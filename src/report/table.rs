//! The table that people read in a terminal.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use console::{Style as Paint, Term};

use crate::report::{Column, Report, columns, lines, notes, text};
use crate::support::error::{one_line, without_workflow_command};

/// What the reader's terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub colour: bool,
    /// Columns of text; no limit where nobody sees lines break.
    pub width: Option<usize>,
}

impl Style {
    /// For files and pipes.
    pub fn plain() -> Self {
        Self {
            colour: false,
            width: None,
        }
    }

    /// Of stdout: colour unless `NO_COLOR` or `CLICOLOR` forbid it, as wide as the window.
    pub fn of_stdout() -> Self {
        let width = Term::stdout()
            .size_checked()
            .map(|(_, columns)| columns.into());
        Self {
            colour: console::colors_enabled(),
            width,
        }
    }
}

/// Subsets by model, then sections, then totals, and the notes below. Columns that do not fit into
/// the width follow in further tables.
pub fn table(report: &Report, style: Style) -> String {
    let columns = columns(report);
    let mut out = format!("{}\n", one_line(&report.title));
    let mut rest = columns.as_slice();
    while !rest.is_empty() {
        let fits = |count: &usize| {
            style.width.is_none_or(|width| {
                grid(&rest[..*count])
                    .lines()
                    .all(|line| line.chars().count() <= width)
            })
        };
        let count = (1..=rest.len())
            .rev()
            .filter(|n| keeps_pairs(rest, *n))
            .find(fits)
            .unwrap_or(if keeps_pairs(rest, 1) { 1 } else { 2 });
        out.push_str(&grid(&rest[..count]));
        out.push('\n');
        rest = &rest[count..];
    }
    for note in notes(report) {
        out.push_str(&one_line(&note));
        out.push('\n');
    }
    finished(&out, style)
}

/// No line is a command to the log of a CI job; with colour where that is wanted.
pub(super) fn finished(text: &str, style: Style) -> String {
    let text: String = text
        .lines()
        .map(|line| without_workflow_command(line.to_owned()) + "\n")
        .collect();
    if style.colour { paint(&text) } else { text }
}

/// Whether a cut before column `at` leaves every published column beside its model's.
fn keeps_pairs(columns: &[Column], at: usize) -> bool {
    !matches!(columns.get(at), Some(Column::Published(_)))
}

/// The lines of some columns between rules.
fn grid(columns: &[Column]) -> String {
    let mut table = ruled();
    table.set_header(
        ["subset", "n"]
            .into_iter()
            .map(str::to_owned)
            .chain(columns.iter().map(|c| one_line(c.name()))),
    );
    let blocks = lines(columns);
    for (b, block) in blocks
        .iter()
        .enumerate()
        .filter(|(_, block)| !block.is_empty())
    {
        if b > 0 {
            table.add_row(vec![""; 2 + columns.len()]);
        }
        for line in block {
            table.add_row(
                [one_line(&line.label), line.n.clone()]
                    .into_iter()
                    .chain(line.cells.iter().map(|cell| text(*cell))),
            );
        }
    }
    finish(table)
}

/// An empty table with rules around its header and below its end.
pub(super) fn ruled() -> Table {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table
        .load_style(
            TableStyle::new()
                .top_border(rule)
                .header_separator(rule)
                .bottom_border(rule),
        )
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// Names to the left, numbers to the right, no space at the ends of lines.
pub(super) fn finish(mut table: Table) -> String {
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((u16::from(at > 0), 0));
        if at > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// Names bold, rules faint, marks by what they say. The text itself has no escapes: `one_line` took
/// them.
fn paint(text: &str) -> String {
    let style = |paint: Paint| paint.force_styling(true);
    let (bold, faint) = (style(Paint::new().bold()), style(Paint::new().dim()));
    let marks = [
        ('✓', style(Paint::new().green())),
        ('~', style(Paint::new().yellow())),
        ('✗', style(Paint::new().red())),
    ];
    let line = |line: &str| {
        if line.starts_with('─') {
            return faint.apply_to(line).to_string();
        }
        if line.starts_with("subset ")
            || line.starts_with("average ")
            || line.starts_with("RewardBench score ")
            || line.starts_with("all pairs ")
            || line.starts_with("PARTIAL")
        {
            return bold.apply_to(line).to_string();
        }
        line.chars()
            .map(|c| {
                marks
                    .iter()
                    .find(|(mark, _)| *mark == c)
                    .map_or_else(|| c.to_string(), |(_, paint)| paint.apply_to(c).to_string())
            })
            .collect()
    };
    text.lines().map(|l| line(l) + "\n").collect()
}
