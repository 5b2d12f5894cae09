//! One row as a reader of a file format found it, and the errors that all formats share.

use std::path::Path;

use crate::data::column_map::{ColumnMap, Field};
use crate::data::item::{Answers, Id, Message};
use crate::support::error::Error;

/// A file and which of its columns are which.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) path: &'a Path,
    pub(crate) map: &'a ColumnMap,
}

/// One row as a reader found it: values present and of the right type, nothing else checked.
#[derive(Debug)]
pub(crate) struct RawRow {
    pub(crate) subset: Option<String>,
    pub(crate) id: Option<Id>,
    pub(crate) prompt: Vec<Message>,
    pub(crate) chosen: Answers,
    pub(crate) rejected: Answers,
    /// Which answer is better; without one it is `chosen`.
    pub(crate) label: Option<String>,
    /// Whether the label says that neither is, and such rows are no error.
    pub(crate) is_tie: bool,
}

/// Bytes of one text. The models read the first or last 2,000 tokens of it, and a tokenizer takes a
/// hundred times its size in memory.
pub(crate) const MAX_TEXT: usize = 1 << 20;

impl RawRow {
    /// The first text that is too long, by its column.
    pub(crate) fn oversized(&self) -> Option<(Field, usize)> {
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
            (Field::Subset, of(&self.subset)),
            (Field::Id, id),
            (Field::Prompt, prompt),
            (Field::Chosen, longest(&self.chosen)),
            (Field::Rejected, longest(&self.rejected)),
        ];
        sizes.into_iter().find(|(_, size)| *size > MAX_TEXT)
    }
}

/// Bytes of the longest answer.
fn longest(answers: &Answers) -> usize {
    answers.iter().map(str::len).max().unwrap_or(0)
}

impl Source<'_> {
    /// The file is not what it should be.
    pub(crate) fn bad(&self, what: &str) -> Error {
        Error::bad_input(format!(
            "failed to read pairs: {}: {what}",
            self.path.display()
        ))
    }

    /// File, row and column of a value that is not what it should be.
    pub(crate) fn bad_cell(&self, row: usize, column: &str, what: &str) -> Error {
        self.bad(&format!("row {row}, column `{column}`: {what}"))
    }
}
