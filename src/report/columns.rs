//! Columns of tables for a terminal: how they are set, and which stand side by side.

use std::ops::Range;

use comfy_table::{CellAlignment, Table};

/// The lines of a table of numbers: the first `names` columns stand left, the others right, each
/// after a gap but the first; no line ends with a space.
pub(crate) fn aligned(mut table: Table, names: usize, gap: u16) -> String {
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if at == 0 { 0 } else { gap }, 0));
        if at >= names {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// Columns from `first` in parts, each as long as fits. `ends`: where a part may end, in order;
/// where not even the shortest fits, it is a part all the same.
pub(crate) fn parts(
    first: usize,
    ends: &[usize],
    fits: impl Fn(Range<usize>) -> bool,
) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut from = first;
    while let Some(shortest) = ends.iter().copied().find(|end| *end > from) {
        let possible = ends.iter().copied().filter(|end| *end > from);
        let longest = possible.rev().find(|end| fits(from..*end));
        let end = longest.unwrap_or(shortest);
        parts.push(from..end);
        from = end;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_as_long_as_fits_and_end_where_they_may() {
        let at_most = |most| move |part: Range<usize>| part.len() <= most;
        assert_eq!(parts(0, &[1, 3, 4, 6], at_most(5)), [0..4, 4..6]);
        assert_eq!(parts(0, &[1, 3, 4, 6], at_most(3)), [0..3, 3..6]);
        assert_eq!(parts(1, &[3, 5], at_most(1)), [1..3, 3..5]);
        assert!(parts(0, &[], at_most(1)).is_empty());
    }
}
