//! A table of numbers that fits the window: columns that do not fit follow below, beside the names of
//! the rows again.

use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};

use crate::report::Style;

/// The first column is names and stands left; numbers stand right, and no line ends with a space.
/// `groups`: each with its heading's columns, which stay together.
pub(super) fn numbers_table(groups: &[&[&str]], rows: &[Vec<String>], style: Style) -> String {
    let header: Vec<&str> = groups.concat();
    let names = groups.first().map_or(0, |group| group.len());
    let mut ends: Vec<usize> = Vec::new();
    for group in &groups[1..] {
        ends.push(ends.last().copied().unwrap_or(names) + group.len());
    }
    let mut out = String::new();
    let mut from = names;
    while from < header.len() {
        let part = |end: usize| {
            let columns: Vec<usize> = (0..names).chain(from..end).collect();
            drawn(&header, rows, &columns)
        };
        let possible = ends.iter().copied().filter(|end| *end > from);
        let fitting = possible.clone().filter(|end| style.fits(&part(*end))).max();
        let end = fitting.or(possible.min()).unwrap_or(header.len());
        if from > names {
            out.push('\n');
        }
        out.push_str(&part(end));
        from = end;
    }
    out
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
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if at == 0 { 0 } else { 2 }, 0));
        if at > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
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
