//! A value of a row as a file has it, before anybody says what it means.

use crate::data::column_map::Field;
use crate::data::item::Message;
use crate::support::count::count;

/// A value of a column in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Text(String),
    Integer(i64),
    Messages(Vec<Message>),
    /// A list of strings, which may be empty.
    Texts(Vec<String>),
    /// A list of integers.
    Integers(Vec<i64>),
    /// Anything else, as errors show it: `null`, `1.5`, the start of a list.
    Other(String),
}

/// The values of a row, by [`Field`]; `None` where the file has no such column.
#[derive(Debug, Default)]
pub(crate) struct Cells([Option<Cell>; Field::ALL.len()]);

impl Cells {
    pub(crate) fn set(&mut self, field: Field, cell: Cell) {
        self.0[field as usize] = Some(cell);
    }

    pub(crate) fn get(&self, field: Field) -> Option<&Cell> {
        self.0[field as usize].as_ref()
    }

    pub(crate) fn has(&self, field: Field) -> bool {
        self.0[field as usize].is_some()
    }

    pub(crate) fn take(&mut self, field: Field) -> Option<Cell> {
        self.0[field as usize].take()
    }
}

impl Cell {
    /// Something of no use, as errors show it.
    pub(crate) fn other(shown: &str) -> Self {
        Self::Other(excerpt(shown))
    }

    /// As errors show it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) => format!("\"{}\"", excerpt(text)),
            Self::Integer(number) => number.to_string(),
            Self::Messages(messages) => {
                let roles: Vec<&str> = messages.iter().map(|m| m.role.as_str()).collect();
                excerpt(&format!("messages of {}", roles.join(", ")))
            }
            Self::Texts(texts) => {
                let first = texts.first().map_or_else(String::new, |text| excerpt(text));
                format!("a list of {}: \"{first}\" …", count(texts.len(), "string"))
            }
            Self::Integers(numbers) => excerpt(&format!("{numbers:?}")),
            Self::Other(shown) => shown.clone(),
        }
    }
}

/// The start of a text, for errors.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(60).collect()
}
