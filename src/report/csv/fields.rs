//! The fields of a record.

use crate::metrics::Tally;
use crate::support::error::{one_line, without_workflow_command};

/// A part of a tally.
pub(super) type Part = fn(&Tally) -> usize;

/// What no accuracy shows.
pub(super) const COUNTS: [(&str, Part); 2] = [("ties", |t| t.tie), ("invalid", |t| t.invalid)];

/// Names of the blocks of a table, in their order.
pub(super) const KINDS: [&str; 3] = ["subset", "section", "total"];

pub(super) fn six(value: f64) -> String {
    format!("{value:.6}")
}

pub(super) fn scientific(value: f64) -> String {
    format!("{value:.6e}")
}

/// Empty where there is no value.
pub(super) fn optional<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map_or_else(String::new, text)
}

/// Text on one line that no spreadsheet takes for a formula.
pub(super) fn field(text: &str) -> String {
    let line = one_line(text);
    if is_formula(text) {
        format!("'{line}")
    } else {
        without_workflow_command(line)
    }
}

/// Text with its lines that no spreadsheet takes for a formula, and no log of a CI job for
/// commands.
pub(super) fn whole(text: &str) -> String {
    let line = |line: &str| without_workflow_command(one_line(line));
    let lines: Vec<String> = text.replace("\r\n", "\n").split('\n').map(line).collect();
    let lines = lines.join("\n");
    if is_formula(text) {
        format!("'{lines}")
    } else {
        lines
    }
}

/// Spreadsheets run cells that begin with these characters (OWASP, CSV injection).
pub(super) fn is_formula(text: &str) -> bool {
    text.starts_with(['\t', '\r'])
        || text
            .trim_start()
            .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}
