//! Columns between rules, for a terminal.

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};

use crate::report::columns::aligned;
use crate::report::style::Style;
use crate::report::wrap::hanging;

/// Rows between rules, an empty row before each block but the first. The first column is text and
/// stands left, the others are numbers; no line ends with a space.
pub(super) fn grid(header: Vec<String>, blocks: &[Vec<Vec<String>>; 3]) -> String {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    let rules = TableStyle::new()
        .top_border(rule)
        .header_separator(rule)
        .bottom_border(rule);
    table
        .load_style(rules)
        .set_content_arrangement(ContentArrangement::Disabled);
    let width = header.len();
    table.set_header(header);
    for (at, block) in blocks.iter().enumerate() {
        let is_first = blocks[..at].iter().all(Vec::is_empty);
        if !is_first && !block.is_empty() {
            table.add_row(vec![""; width]);
        }
        for row in block {
            table.add_row(row);
        }
    }
    aligned(table, 1, 1)
}

/// What a table lacks because the terminal is too narrow for it; nothing where it is whole.
pub(super) fn not_shown(what: &[&str], style: Style) -> String {
    if what.is_empty() {
        return String::new();
    }
    let what = what.join(", ");
    let line = format!(
        "too wide for this terminal, and left out: {what} (a wider one and --format markdown show \
         all)"
    );
    hanging(&line, style.width)
}
