//! The table that people read in a terminal.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::{Line, Report, cell, lines, notes};
use crate::error::one_line;

/// Subsets by model, then sections, then totals, and the notes below. No colour, no width beyond
/// what the names need: the same in a pipe.
pub fn table(report: &Report) -> String {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().top_border(rule).header_separator(rule).bottom_border(rule)).set_content_arrangement(ContentArrangement::Disabled);
    let header = ["subset", "n"].into_iter().map(str::to_owned).chain(report.models.iter().map(|m| one_line(&m.name)));
    table.set_header(header);
    let blocks = lines(report);
    for (b, block) in blocks.iter().enumerate().filter(|(_, block)| !block.is_empty()) {
        if b > 0 {
            table.add_row(vec![""; 2 + report.models.len()]);
        }
        for line in block {
            table.add_row(row(line));
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let notes: Vec<String> = notes(report).iter().map(|note| one_line(note)).collect();
    format!("{}\n{table}\n{}\n", one_line(&report.title), notes.join("\n"))
}

fn row(line: &Line) -> Vec<Cell> {
    let texts = [one_line(&line.label), line.n.clone()];
    texts.into_iter().chain(line.cells.iter().map(|value| cell(*value))).map(Cell::new).collect()
}
