//! The content of a result file, whose values are looked up by their keys.

use std::path::Path;

use crate::data::json_text::{self, Entries};
use crate::scoring::imported::result_row::BadNumbers;
use crate::support::error::{Error, Result};

/// A file whose content is read.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) path: &'a Path,
}

impl Reading<'_> {
    pub(super) fn bad(self, what: &str) -> Error {
        Error::bad_input(format!("failed to import results: {}", self.path.display()))
            .caused_by(what.to_owned())
    }

    /// A row's value that is not what it should be; rows are counted from 0.
    pub(super) fn bad_value(self, row: usize, key: &str, what: &str) -> Error {
        self.bad(&format!("row {row}, key `{key}`: {what}"))
    }

    /// `scores` and `result`: the keys of both.
    pub(super) fn bad_numbers(
        self,
        row: usize,
        [scores, result]: [&str; 2],
        why: &BadNumbers,
    ) -> Error {
        match why {
            BadNumbers::Scores(what) => self.bad_value(row, scores, what).hint(
                "pairbench keeps scores as models compute them, in single precision: leave the row \
                 out, and say so",
            ),
            BadNumbers::Contradiction(what) => self
                .bad_value(row, result, what)
                .hint("the file contradicts itself: get it anew from whoever wrote it"),
        }
    }

    /// The value of a key that every row has.
    pub(super) fn needed<'a>(
        self,
        row: usize,
        entries: &Entries<'a>,
        key: &str,
    ) -> Result<&'a str> {
        let found = value(entries, key);
        found.ok_or_else(|| self.bad_value(row, key, "the row has no such key"))
    }
}

/// The value of a key.
pub(super) fn value<'a>(entries: &Entries<'a>, key: &str) -> Option<&'a str> {
    let found = entries.iter().find(|(known, _)| known == key);
    found.map(|(_, value)| *value)
}

/// The text of a key, where it is one.
pub(super) fn text(entries: &Entries, key: &str) -> Option<String> {
    value(entries, key).and_then(json_text::text)
}
