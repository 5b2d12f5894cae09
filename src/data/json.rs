//! JSON Lines and JSON arrays of pairs.
//!
//! Parsed value by value and not through polars' JSON reader: that one infers one type per column,
//! turns a number among strings into a string, and fails on an unrelated column of mixed types.

use std::path::Path;

use serde_json::{Map, Value};

use crate::data::item::{Id, Message};
use crate::data::raw_row::{RawRow, bad_cell, missing_column};
use crate::support::error::{Error, Result};

/// Rows of a JSON array, or of one object a line (blank lines are skipped).
pub(crate) fn rows(path: &Path, text: &str) -> Result<Vec<RawRow>> {
    if text.trim_start().starts_with('[') {
        let values: Vec<Value> =
            serde_json::from_str(text).map_err(|e| invalid(path, e.line(), &e))?;
        return values
            .into_iter()
            .enumerate()
            .map(|(at, value)| row(path, at, value))
            .collect();
    }
    let lines = text
        .split('\n')
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    lines
        .enumerate()
        .map(|(at, (line, text))| {
            row(
                path,
                at,
                serde_json::from_str(text).map_err(|e| invalid(path, line + 1, &e))?,
            )
        })
        .collect()
}

fn invalid(path: &Path, line: usize, error: &serde_json::Error) -> Error {
    Error::bad_input(format!("failed to parse JSON: {}:{line}", path.display()))
        .caused_by(error.to_string())
        .hint("a .jsonl file holds one object a line, a .json file an array of objects")
}

fn row(path: &Path, at: usize, value: Value) -> Result<RawRow> {
    let Value::Object(mut map) = value else {
        return Err(Error::bad_input(format!(
            "failed to read pairs: {}: row {at} is not an object",
            path.display()
        )));
    };
    Ok(RawRow {
        subset: match map.remove("subset") {
            None => None,
            Some(Value::String(text)) => Some(text),
            Some(other) => return Err(wrong(path, at, "subset", "a string", &other)),
        },
        id: match map.remove("id") {
            None => None,
            Some(Value::String(text)) => Some(Id::Text(text)),
            Some(other) => {
                Some(Id::Number(other.as_i64().ok_or_else(|| {
                    wrong(path, at, "id", "an integer or a string", &other)
                })?))
            }
        },
        prompt: prompt(path, at, &mut map)?,
        chosen: string(path, at, &mut map, "chosen")?,
        rejected: string(path, at, &mut map, "rejected")?,
    })
}

fn take(path: &Path, map: &mut Map<String, Value>, column: &str) -> Result<Value> {
    map.remove(column).ok_or_else(|| {
        missing_column(
            path,
            column,
            &map.keys().map(String::as_str).collect::<Vec<_>>(),
        )
    })
}

fn string(path: &Path, at: usize, map: &mut Map<String, Value>, column: &str) -> Result<String> {
    match take(path, map, column).map_err(|e| e.caused_by(format!("in row {at}")))? {
        Value::String(text) => Ok(text),
        other => Err(wrong(path, at, column, "a string", &other)),
    }
}

/// A string is one user's turn; a list holds the turns so far.
fn prompt(path: &Path, at: usize, map: &mut Map<String, Value>) -> Result<Vec<Message>> {
    match take(path, map, "prompt").map_err(|e| e.caused_by(format!("in row {at}")))? {
        Value::String(text) => Ok(vec![Message::new("user", &text)]),
        Value::Array(items) if !items.is_empty() => items
            .into_iter()
            .map(|item| {
                let part = |key: &str| item.get(key).and_then(Value::as_str);
                match (part("role"), part("content")) {
                    (Some(role), Some(content)) => Ok(Message::new(role, content)),
                    _ => Err(wrong(
                        path,
                        at,
                        "prompt",
                        "messages with strings `role` and `content`",
                        &item,
                    )),
                }
            })
            .collect(),
        other => Err(wrong(
            path,
            at,
            "prompt",
            "a string or a list of messages",
            &other,
        )),
    }
}

fn wrong(path: &Path, at: usize, column: &str, expected: &str, found: &Value) -> Error {
    let found: String = found.to_string().chars().take(60).collect();
    bad_cell(
        path,
        at,
        column,
        &format!("expected {expected}, found {found}"),
    )
}
