//! What stands in a line of a table for a terminal.

/// The cells of a line of a table, without the intervals of its figures.
pub fn cells(line: &str) -> Vec<&str> {
    let parts = line.split('[').enumerate();
    let outside = parts.map(|(at, part)| match (at, part.split_once(']')) {
        (1.., Some((_, after))) => after,
        _ => part,
    });
    outside.flat_map(str::split_whitespace).collect()
}
