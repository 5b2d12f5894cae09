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
    /// Whether it is known that neither is, by the label or by a column of its own.
    pub(crate) is_tie: bool,
    /// Whether prompt and answers are each a list of strings that is written as text.
    pub(crate) is_list_text: bool,
}

/// Bytes of one text. The models read the first or last 2,000 tokens of it, and a tokenizer takes a
/// hundred times its size in memory.
pub(crate) const MAX_TEXT: usize = 1 << 20;

impl RawRow {
    /// The first text that is too long: its column, and what is.
    pub(crate) fn oversized(&self) -> Option<(Field, String)> {
        let text = |text: &str| too_long("a text", text.len());
        let id = if let Some(Id::Text(id)) = &self.id {
            text(id)
        } else {
            None
        };
        let found = [
            (Field::Subset, self.subset.as_deref().and_then(text)),
            (Field::Id, id),
            (Field::Prompt, long_prompt(&self.prompt)),
            (Field::Chosen, self.chosen.iter().find_map(text)),
            (Field::Rejected, self.rejected.iter().find_map(text)),
        ];
        let mut found = found.into_iter();
        found.find_map(|(field, what)| Some((field, what?)))
    }
}

/// What is too long of a prompt: its one text, or a conversation as a whole, which a model reads
/// as one.
pub(crate) fn long_prompt(prompt: &[Message]) -> Option<String> {
    if let [only] = prompt {
        return too_long("a text", only.role.len().max(only.content.len()));
    }
    let bytes = prompt
        .iter()
        .map(|turn| turn.role.len() + turn.content.len());
    too_long("a conversation", bytes.sum())
}

/// What to say of so many bytes, if they are too many.
pub(crate) fn too_long(what: &str, bytes: usize) -> Option<String> {
    (bytes > MAX_TEXT).then(|| format!("{what} of {bytes} bytes, accepted: up to {MAX_TEXT}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prompt_is_one_text_or_a_whole_conversation() {
        let turn = |bytes| Message::new("user", &"x".repeat(bytes));
        assert_eq!(long_prompt(&[turn(MAX_TEXT)]), None);
        let says = "a text of 1048577 bytes, accepted: up to 1048576";
        assert_eq!(long_prompt(&[turn(MAX_TEXT + 1)]).as_deref(), Some(says));
        let role = Message::new(&"x".repeat(MAX_TEXT + 1), "");
        assert_eq!(long_prompt(&[role]).as_deref(), Some(says));
        let half = MAX_TEXT / 2 - "user".len();
        assert_eq!(long_prompt(&[turn(half), turn(half)]), None);
        let says = "a conversation of 1048577 bytes, accepted: up to 1048576";
        let found = long_prompt(&[turn(half), turn(half + 1)]);
        assert_eq!(found.as_deref(), Some(says));
    }
}
