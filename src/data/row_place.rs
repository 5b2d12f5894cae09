//! A row's values, each checked for what its field takes.

use crate::data::cell::Cell;
use crate::data::column_map::Field;
use crate::data::item::{Answers, Id, Message};
use crate::data::raw_row::Source;
use crate::support::error::{Error, Result};

/// More answers of a kind than any prompt has. A pairwise model reads each against each: the time
/// grows with the square.
pub(super) const MOST_ANSWERS: usize = 256;

/// Where the values stand, for errors.
pub(crate) struct RowPlace<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) at: usize,
}

/// How to write values that the field takes.
pub(crate) fn remedy(field: Field) -> &'static str {
    match field {
        Field::Id => "write it as integers or strings, or do without it: --map id=",
        Field::Subset => "write it as strings, or do without it: --map subset=",
        Field::Label => {
            "write it as strings or integers, for every row; for answers in one list, as a list of \
             ones and zeros"
        }
        Field::Tie => "write it as true and false, or as 1 and 0",
        Field::Choices => "write all answers of a row as one list of strings",
        Field::Prompt | Field::Chosen | Field::Rejected => {
            "write texts as strings, and messages as lists of {role, content}, with one string for \
             all parts of a content; remove a row that has none"
        }
    }
}

impl RowPlace<'_> {
    pub(crate) fn bad(&self, field: Field, what: &str) -> Error {
        let column = self.source.map.shown(field);
        self.source.bad_cell(self.at, &column, what)
    }

    pub(crate) fn wrong(&self, field: Field, expected: &str, found: &Cell) -> Error {
        let what = format!("expected {expected}, found {}", found.shown());
        let hint = match found {
            Cell::Messages(_) => {
                "both answers are texts, or lists that end with one message of the assistant"
            }
            _ => remedy(field),
        };
        self.bad(field, &what).hint(hint)
    }

    pub(crate) fn subset(&self, cell: Cell) -> Result<String> {
        match cell {
            Cell::Text(text) => Ok(text),
            other => Err(self.wrong(Field::Subset, "a string", &other)),
        }
    }

    pub(crate) fn id(&self, cell: Cell) -> Result<Id> {
        match cell {
            Cell::Text(text) => Ok(Id::Text(text)),
            Cell::Integer(number) => Ok(Id::Number(number)),
            // Of more than 64 bits: text, as in CSV and Parquet.
            Cell::Other(shown) if let Ok(number) = shown.parse::<i128>() => {
                Ok(Id::Text(number.to_string()))
            }
            other => Err(self.wrong(Field::Id, "an integer or a string", &other)),
        }
    }

    pub(crate) fn label(&self, cell: Cell) -> Result<String> {
        match cell {
            Cell::Text(text) | Cell::Other(text) if text != "null" => Ok(text),
            Cell::Integer(number) => Ok(number.to_string()),
            other => Err(self.wrong(Field::Label, "which answer is better", &other)),
        }
    }

    pub(crate) fn tie(&self, cell: &Cell) -> Result<bool> {
        let shown = match cell {
            Cell::Text(text) | Cell::Other(text) => text.to_ascii_lowercase(),
            Cell::Integer(number) => number.to_string(),
            _ => String::new(),
        };
        match shown.as_str() {
            "1" | "1.0" | "true" | "yes" => Ok(true),
            "0" | "0.0" | "false" | "no" => Ok(false),
            _ => Err(self.wrong(Field::Tie, "whether it is a tie", cell)),
        }
    }

    /// A string is one user's turn; a list holds the turns so far.
    pub(crate) fn prompt(&self, cell: Cell) -> Result<Vec<Message>> {
        match cell {
            Cell::Text(text) => Ok(vec![Message::new("user", &text)]),
            Cell::Messages(messages) => Ok(messages),
            other => Err(self.wrong(Field::Prompt, "a string or a list of messages", &other)),
        }
    }

    /// One answer or more.
    pub(crate) fn answers(&self, field: Field, cell: Cell) -> Result<Answers> {
        let texts = match cell {
            Cell::Texts(texts) => texts,
            Cell::Text(text) => vec![text],
            other => return Err(self.wrong(field, "a string or a list of them", &other)),
        };
        if texts.len() > MOST_ANSWERS {
            let what = format!("{} answers, accepted: up to {MOST_ANSWERS}", texts.len());
            return Err(self.bad(field, &what));
        }
        Answers::from_list(texts).ok_or_else(|| self.bad(field, "a list without an answer"))
    }
}
