//! One row as a reader of a file format found it, and the errors that all formats share.

use std::path::Path;

use crate::data::item::{Id, Message};
use crate::support::error::Error;

/// One row as a reader found it: values present and of the right type, nothing else checked.
pub(crate) struct RawRow {
    pub(crate) subset: Option<String>,
    pub(crate) id: Option<Id>,
    pub(crate) prompt: Vec<Message>,
    pub(crate) chosen: String,
    pub(crate) rejected: String,
}

/// Bytes of one text. The models read the first or last 2,000 tokens of it, and a tokenizer takes a
/// hundred times its size in memory.
pub(crate) const MAX_TEXT: usize = 1 << 20;

impl RawRow {
    /// The first text that is too long, by its column.
    pub(crate) fn oversized(&self) -> Option<(&'static str, usize)> {
        let of = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let prompt = self
            .prompt
            .iter()
            .map(|message| message.role.len() + message.content.len())
            .sum();
        let id = if let Some(Id::Text(text)) = &self.id {
            text.len()
        } else {
            0
        };
        let sizes = [
            ("subset", of(&self.subset)),
            ("id", id),
            ("prompt", prompt),
            ("chosen", self.chosen.len()),
            ("rejected", self.rejected.len()),
        ];
        sizes.into_iter().find(|(_, size)| *size > MAX_TEXT)
    }
}

/// `file`, row and column of a value that is not what it should be.
pub(crate) fn bad_cell(path: &Path, row: usize, column: &str, what: &str) -> Error {
    Error::bad_input(format!(
        "failed to read pairs: {}: row {row}, column `{column}`: {what}",
        path.display()
    ))
}

pub(crate) fn missing_column(path: &Path, column: &str, found: &[&str]) -> Error {
    Error::bad_input(format!(
        "failed to read pairs: {}: no column `{column}`",
        path.display()
    ))
    .hint(format!(
        "the columns are: {}; needed: prompt, chosen, rejected",
        found.join(", ")
    ))
}
