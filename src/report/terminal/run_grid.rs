//! The table of a run.

use std::ops::Range;

use crate::report::columns::parts;
use crate::report::run_report::RunReport;
use crate::report::run_table::{TableCell, TableColumn, TableRow, blocks, columns};
use crate::report::style::Style;
use crate::report::terminal::grid::{grid, not_shown};
use crate::support::error::one_line;

/// Columns that do not fit into the width follow in further tables. Models have their intervals
/// unless these would part models that stand side by side without them.
pub(super) fn text(report: &RunReport, style: Style) -> String {
    let columns = columns(report);
    let blocks = blocks(&columns);
    let ends: Vec<usize> = (1..=columns.len())
        .filter(|end| keeps_pairs(&columns, *end))
        .collect();
    let draw = |part, with_intervals| draw(&columns, &blocks, part, with_intervals);
    let [with, without] =
        [true, false].map(|intervals| parts(0, &ends, |part| style.fits(&draw(part, intervals))));
    let fit = with
        .iter()
        .all(|part| style.fits(&draw(part.clone(), true)));
    let intervals = fit && with_models(&with, &columns) <= with_models(&without, &columns);
    let shown = if intervals { with } else { without };
    let tables: Vec<String> = shown
        .into_iter()
        .map(|part| draw(part, intervals))
        .collect();
    let mut cells = blocks.iter().flatten().flat_map(|row| &row.cells);
    let are_left_out = !intervals && cells.any(|cell| cell.interval().is_some());
    let left_out: &[&str] = if are_left_out {
        &["the intervals"]
    } else {
        &[]
    };
    tables.join("\n") + &not_shown(left_out, style)
}

/// In how many of the parts a model stands.
fn with_models(parts: &[Range<usize>], columns: &[TableColumn]) -> usize {
    let has_model = |part: &&Range<usize>| {
        let mut columns = columns[(*part).clone()].iter();
        columns.any(|column| matches!(column, TableColumn::Model(..)))
    };
    parts.iter().filter(has_model).count()
}

/// Whether a cut before column `at` leaves every published column beside its model's.
fn keeps_pairs(columns: &[TableColumn], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| columns.get(at));
    !matches!(
        (before, columns.get(at)),
        (
            Some(TableColumn::Model(..)),
            Some(TableColumn::Published(..))
        )
    )
}

/// Some columns of the table.
fn draw(
    columns: &[TableColumn],
    blocks: &[Vec<TableRow>; 3],
    part: Range<usize>,
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
