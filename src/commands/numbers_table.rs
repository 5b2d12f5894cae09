//! A table of numbers that fits the window: columns that do not fit follow below, beside the names
//! of the rows again.

use std::ops::Range;

use comfy_table::{ContentArrangement, Table, TableStyle};

use crate::report::{Style, aligned, parts};

/// The first column is names and stands left; numbers stand right, and no line ends with a space.
/// `groups`: each with its heading's columns, which stay together.
pub(super) fn numbers_table(groups: &[&[&str]], rows: &[Vec<String>], style: Style) -> String {
    let header: Vec<&str> = groups.concat();
    let names = groups.first().map_or(0, |group| group.len());
    let mut ends: Vec<usize> = Vec::new();
    for group in &groups[1..] {
        ends.push(ends.last().copied().unwrap_or(names) + group.len());
    }
    let draw = |part: Range<usize>| {
        let columns: Vec<usize> = (0..names).chain(part).collect();
        drawn(&header, rows, &columns)
    };
    let parts = parts(names, &ends, |part| style.fits(&draw(part)));
    let tables: Vec<String> = parts.into_iter().map(draw).collect();
    tables.join("\n")
}

fn drawn(header: &[&str], rows: &[Vec<String>], columns: &[usize]) -> String {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(columns.iter().map(|at| header[*at]));
    for row in rows {
        table.add_row(columns.iter().map(|at| row[*at].as_str()));
    }
    aligned(table, 1, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_do_not_fit_follow_below() {
        let groups: [&[&str]; 3] = [&["name"], &["a p50", "p90"], &["b p50", "p90"]];
        let rows = vec![["x", "1", "2", "3", "4"].map(str::to_owned).to_vec()];
        let of_width = |width| {
            let style = Style {
                colour: false,
                width: Some(width),
            };
            numbers_table(&groups, &rows, style)
        };
        let wide = "name  a p50  p90  b p50  p90\nx         1    2      3    4\n";
        assert_eq!(of_width(28), wide);
        let narrow = "name  a p50  p90\nx         1    2\n\nname  b p50  p90\nx         3    4\n";
        assert_eq!(of_width(27), narrow);
        // Not even one group fits: one after the other.
        assert_eq!(of_width(5), narrow);
    }
}
