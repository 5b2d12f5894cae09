//! Files of preference pairs → [`Pair`]s, with every row accounted for.

mod counts;
mod csv;
mod frame;
mod json;

pub(crate) use counts::reader as parquet_reader;
pub(crate) use frame::guarded;

use std::collections::HashMap;
use std::path::Path;

use crate::error::{Error, Result};
use crate::files::InputFile;
use crate::fsio;
use crate::template::Message;

/// A prompt with the preferred and the other answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Row number in the source, from 0; over all files where there are several.
    pub row: usize,
    pub subset: String,
    pub id: Option<Id>,
    pub prompt: Vec<Message>,
    pub chosen: String,
    pub rejected: String,
}

/// A row's id as the source has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(untagged)]
pub enum Id {
    Number(i64),
    Text(String),
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(n) => n.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl Pair {
    /// The whole conversation that ends with the chosen answer.
    pub fn chosen_conversation(&self) -> Vec<Message> {
        self.conversation(&self.chosen)
    }

    /// The whole conversation that ends with the rejected answer.
    pub fn rejected_conversation(&self) -> Vec<Message> {
        self.conversation(&self.rejected)
    }

    fn conversation(&self, answer: &str) -> Vec<Message> {
        let mut messages = self.prompt.clone();
        messages.push(Message::new("assistant", answer));
        messages
    }
}

/// One row as a reader found it: values present and of the right type, nothing else checked.
struct RawRow {
    subset: Option<String>,
    id: Option<Id>,
    prompt: Vec<Message>,
    chosen: String,
    rejected: String,
}

/// Bytes of one text. The models read the first or last 2,000 tokens of it, and a tokenizer takes a hundred times its
/// size in memory.
const MAX_TEXT: usize = 1 << 20;

impl RawRow {
    /// The first text that is too long, by its column.
    fn oversized(&self) -> Option<(&'static str, usize)> {
        let of = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let prompt = self.prompt.iter().map(|message| message.role.len() + message.content.len()).sum();
        let id = if let Some(Id::Text(text)) = &self.id { text.len() } else { 0 };
        let sizes = [("subset", of(&self.subset)), ("id", id), ("prompt", prompt), ("chosen", self.chosen.len()), ("rejected", self.rejected.len())];
        sizes.into_iter().find(|(_, size)| *size > MAX_TEXT)
    }
}

/// Reads the files in order. Rows of a file without a `subset` column belong to a subset named
/// after the file.
pub fn load(files: &[InputFile]) -> Result<Vec<Pair>> {
    let mut pairs: Vec<Pair> = Vec::new();
    let mut seen: HashMap<(String, Id), usize> = HashMap::new();
    for file in files {
        let path = file.path();
        let stem = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
        let rows = read(file)?;
        if rows.is_empty() {
            return Err(Error::bad_input(format!("failed to read pairs: {}: the file has no rows", path.display())));
        }
        for (at, raw) in rows.into_iter().enumerate() {
            if let Some((column, size)) = raw.oversized() {
                return Err(bad_cell(&path, at, column, &format!("a text of {size} bytes, accepted: up to {MAX_TEXT}")));
            }
            let subset = raw.subset.unwrap_or_else(|| stem.clone());
            if let Some(id) = &raw.id
                && let Some(first) = seen.insert((subset.clone(), id.clone()), pairs.len())
            {
                return Err(Error::bad_input(format!(
                    "failed to read pairs: {}: row {at}: id {id} of subset {subset} occurs twice, first in row {first}",
                    path.display()
                ))
                .hint("subset and id together must identify a row; remove the copy, or the column `id`"));
            }
            pairs.push(Pair { row: pairs.len(), subset, id: raw.id, prompt: raw.prompt, chosen: raw.chosen, rejected: raw.rejected });
        }
    }
    Ok(pairs)
}

fn read(file: &InputFile) -> Result<Vec<RawRow>> {
    let path = &file.path();
    match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("parquet") => frame::parquet(path),
        Some("csv") => csv::rows(path, &file.text()?),
        Some("json" | "jsonl" | "ndjson") => json::rows(path, &file.text()?),
        _ => {
            // The border between "no such file" and "wrong kind of file".
            fsio::open(path)?;
            Err(Error::bad_input(format!("failed to read pairs: {}: unknown file type", path.display()))
                .hint("the name must end in .parquet, .jsonl, .json or .csv"))
        }
    }
}

/// `file`, row and column of a value that is not what it should be.
fn bad_cell(path: &Path, row: usize, column: &str, what: &str) -> Error {
    Error::bad_input(format!("failed to read pairs: {}: row {row}, column `{column}`: {what}", path.display()))
}

fn missing_column(path: &Path, column: &str, found: &[&str]) -> Error {
    Error::bad_input(format!("failed to read pairs: {}: no column `{column}`", path.display()))
        .hint(format!("the columns are: {}; needed: prompt, chosen, rejected", found.join(", ")))
}
