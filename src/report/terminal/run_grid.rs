//! The table of a run.

use crate::report::run_report::RunReport;
use crate::report::run_table::{TableCell, TableColumn, TableRow, blocks, columns};
use crate::report::style::Style;
use crate::report::terminal::grid::grid;
use crate::support::error::one_line;

/// With the intervals of models where they fit into the width. Columns that do not fit follow in
/// further tables.
pub(super) fn text(report: &RunReport, style: Style) -> String {
    let columns = columns(report);
    let blocks = blocks(&columns);
    let all = 0..columns.len();
    let with_intervals = part(&columns, &blocks, all.clone(), true);
    if style.fits(&with_intervals) {
        return with_intervals;
    }
    let mut out = String::new();
    let mut from = 0;
    while from < all.end {
        let ends = (from + 1..=all.end).rev();
        let mut ends = ends.filter(|end| keeps_pairs(&columns, *end));
        let narrow = |end: &usize| style.fits(&part(&columns, &blocks, from..*end, false));
        let least = if keeps_pairs(&columns, from + 1) {
            1
        } else {
            2
        };
        let end = ends.find(narrow).unwrap_or(from + least);
        if from > 0 {
            out.push('\n');
        }
        out.push_str(&part(&columns, &blocks, from..end, false));
        from = end;
    }
    out
}

/// Whether a cut before column `at` leaves every published column beside its model's.
fn keeps_pairs(columns: &[TableColumn], at: usize) -> bool {
    !matches!(columns.get(at), Some(TableColumn::Published(..)))
}

/// Some columns of the table.
fn part(
    columns: &[TableColumn],
    blocks: &[Vec<TableRow>; 3],
    part: std::ops::Range<usize>,
    with_intervals: bool,
) -> String {
    let names = columns[part.clone()].iter();
    let names = names.map(|column| one_line(column.name()));
    let header = ["subset", "n"].into_iter().map(str::to_owned).chain(names);
    let row = |row: &TableRow| -> Vec<String> {
        let cells = row.cells[part.clone()].iter();
        [one_line(&row.label), row.n_text()]
            .into_iter()
            .chain(cells.map(|own| cell(own, with_intervals)))
            .collect()
    };
    let blocks = blocks
        .each_ref()
        .map(|block| block.iter().map(row).collect());
    grid(header.collect(), &blocks)
}

/// A figure, its interval, and whether it is the best of its row.
fn cell(cell: &TableCell, with_interval: bool) -> String {
    let interval = cell.interval().filter(|_| with_interval);
    let interval = interval.map_or_else(String::new, |own| format!(" {own}"));
    // Of the same width, so that figures stand one below the other.
    let mark = match (cell, cell.is_best()) {
        (_, true) => "*",
        (TableCell::Model { .. }, false) => " ",
        _ => "",
    };
    format!("{}{interval}{mark}", cell.text())
}
