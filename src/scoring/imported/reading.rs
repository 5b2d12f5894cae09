//! The content of a result file, whose values are looked up by their keys.

use std::path::Path;

use crate::data::json_text::{self, Entries};
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

    /// What a row says twice, in its scores and in what it counts.
    pub(super) fn contradiction(self, row: usize, key: &str, what: &str) -> Error {
        self.bad_value(row, key, what)
            .hint("the file contradicts itself: get it anew from whoever wrote it")
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
