//! JSON Lines and JSON arrays of pairs.
//!
//! Read value by value and not through polars' JSON reader: that one infers one type per column,
//! turns a number among strings into a string, and fails on an unrelated column of mixed types.
//! Values in columns that are not used are passed over.

use crate::data::cell::{Cell, Cells};
use crate::data::column_map::Field;
use crate::data::item::Message;
use crate::data::json_text::{Entries, JsonText, text};
use crate::data::preference;
use crate::data::raw_row::{RawRow, Source};
use crate::support::error::{Error, Result};

/// Rows of a JSON array, or of one object a line (blank lines are skipped).
pub(crate) fn rows(source: Source, text: &str) -> Result<Vec<RawRow>> {
    if text.trim_start().starts_with('[') {
        return array(source, text);
    }
    let lines = text
        .split('\n')
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    lines
        .enumerate()
        .map(|(at, (line, text))| {
            let place = Place {
                source,
                row: at,
                line: line + 1,
            };
            let mut json = JsonText::new(text);
            let row = place.row(&mut json)?;
            if json.is_at_end() {
                Ok(row)
            } else {
                Err(place.unexpected(text, json.at))
            }
        })
        .collect()
}

fn array(source: Source, text: &str) -> Result<Vec<RawRow>> {
    let mut json = JsonText::new(text);
    let mut rows = Vec::new();
    // Lines are counted on from the last row.
    let (mut counted, mut line) = (0, 1);
    json.eat(b'[');
    let mut ended = json.eat(b']');
    while !ended {
        json.peek();
        line += text[counted..json.at].matches('\n').count();
        counted = json.at;
        let place = Place {
            source,
            row: rows.len(),
            line,
        };
        rows.push(place.row(&mut json)?);
        ended = json.eat(b']');
        if !ended && !json.eat(b',') {
            return Err(place.unexpected(&text[counted..], json.at - counted));
        }
    }
    if json.is_at_end() {
        return Ok(rows);
    }
    let place = Place {
        source,
        row: rows.len(),
        line,
    };
    Err(place.unexpected(&text[counted..], json.at - counted))
}

/// Where a row begins.
struct Place<'a> {
    source: Source<'a>,
    row: usize,
    /// From 1.
    line: usize,
}

impl Place<'_> {
    fn row(&self, json: &mut JsonText) -> Result<RawRow> {
        let from = json.at;
        let is_object = json.peek() == Some(b'{');
        let entries = if is_object {
            json.object()
        } else {
            json.value().map(|_| Vec::new())
        };
        let Some(entries) = entries else {
            return Err(self.unexpected(json.rest_from(from), json.at - from));
        };
        if !is_object {
            return Err(Error::bad_input(format!(
                "failed to read pairs: {}:{}: row {} is not an object",
                self.source.path.display(),
                self.line,
                self.row
            )));
        }
        let mut cells = Cells::default();
        for field in Field::ALL {
            for column in self.source.map.names_of(field) {
                let found = at_path(&entries, column).map_err(|key| self.double(&key))?;
                let Some(found) = found else { continue };
                cells.set(field, self.cell(field, &found)?);
                break;
            }
        }
        preference::row(self.source, self.row, cells, &|| keys(&entries), true)
    }

    fn double(&self, Double(key): &Double) -> Error {
        let error = self
            .source
            .bad(&format!("row {}: 2 columns `{key}`", self.row));
        error.hint("a key of an object stands for one value: remove the others")
    }

    fn cell(&self, field: Field, found: &Written) -> Result<Cell> {
        let cell = match found {
            Written::One(written) => cell(written),
            Written::Each(all) => texts(all),
        };
        cell.ok_or_else(|| {
            let column = self.source.map.shown(field);
            let what = format!("row {}, column `{column}`: a lone surrogate", self.row);
            self.invalid(self.line)
                .caused_by(what)
                .hint("no text has half a character; write the whole pair, \\ud83d\\ude00")
        })
    }

    /// `text` begins in the row's line, and something else should stand at `at`.
    fn unexpected(&self, text: &str, at: usize) -> Error {
        let before = &text.as_bytes()[..at];
        let lines = text[..at].matches('\n').count();
        let column = before
            .iter()
            .rev()
            .take_while(|byte| **byte != b'\n')
            .count()
            + 1;
        let found = text.get(at..).and_then(|rest| rest.chars().next());
        let cause = match found {
            Some(c) => format!("unexpected {c:?} at column {column}"),
            None => format!("the text ends too early, at column {column}"),
        };
        self.invalid(self.line + lines)
            .caused_by(cause)
            .hint("a .jsonl file holds one object a line, a .json file an array of objects")
    }

    fn invalid(&self, line: usize) -> Error {
        Error::bad_input(format!(
            "failed to parse JSON: {}:{line}",
            self.source.path.display()
        ))
    }
}

fn keys(entries: &Entries) -> Vec<String> {
    entries.iter().map(|(key, _)| key.to_string()).collect()
}

/// A value as it is written; `None` for text with a lone surrogate.
pub(crate) fn cell(written: &str) -> Option<Cell> {
    Some(match written.as_bytes().first()? {
        b'"' => Cell::Text(text(written)?),
        b'[' => list(written)?,
        _ => written
            .parse()
            .map_or_else(|_| Cell::other(written), Cell::Integer),
    })
}

/// What stands at a path.
enum Written<'a> {
    One(&'a str),
    /// The same path in each object of a list.
    Each(Vec<&'a str>),
}

/// A key that an object has more than once.
struct Double(String);

type Single<T> = std::result::Result<T, Double>;

/// The value of a column, or what a path leads to: `a.b` is `b` in the object `a`, or in each
/// object of the list `a`.
fn at_path<'a>(entries: &Entries<'a>, path: &str) -> Single<Option<Written<'a>>> {
    if let Some(whole) = value_of(entries, path)? {
        return Ok(Some(Written::One(whole)));
    }
    let Some((name, rest)) = path.split_once('.') else {
        return Ok(None);
    };
    let Some(outer) = value_of(entries, name)? else {
        return Ok(None);
    };
    let inner = |object: &'a str| match JsonText::new(object).object() {
        Some(entries) => value_of(&entries, rest),
        None => Ok(None),
    };
    if !outer.starts_with('[') {
        return Ok(inner(outer)?.map(Written::One));
    }
    let each = JsonText::new(outer).list().unwrap_or_default().into_iter();
    let each: Option<Vec<&str>> = each.map(inner).collect::<Single<_>>()?;
    Ok(each.map(Written::Each))
}

/// The value of a key.
fn value_of<'a>(entries: &Entries<'a>, key: &str) -> Single<Option<&'a str>> {
    let mut all = entries.iter().filter(|(name, _)| name == key);
    let found = all.next().map(|(_, value)| *value);
    match all.next() {
        Some(_) => Err(Double(key.to_owned())),
        None => Ok(found),
    }
}

/// A list of messages, of strings or of integers, or something else; other keys of messages are
/// passed over.
fn list(written: &str) -> Option<Cell> {
    let elements = JsonText::new(written).list()?;
    match elements.first() {
        Some(first) if first.starts_with('"') => texts(&elements),
        Some(first) if first.starts_with('{') => messages(written, &elements),
        _ => {
            let numbers: Option<Vec<i64>> = elements.iter().map(|own| own.parse().ok()).collect();
            let numbers = numbers.filter(|numbers| !numbers.is_empty());
            Some(numbers.map_or_else(|| Cell::other(written), Cell::Integers))
        }
    }
}

fn texts(elements: &[&str]) -> Option<Cell> {
    if let Some(other) = elements.iter().find(|element| !element.starts_with('"')) {
        return Some(Cell::other(&format!("a list with {other}")));
    }
    let texts: Option<Vec<String>> = elements.iter().map(|element| text(element)).collect();
    texts.map(Cell::Texts)
}

fn messages(written: &str, elements: &[&str]) -> Option<Cell> {
    let mut found = Vec::new();
    for element in elements {
        let entries = JsonText::new(element).object().unwrap_or_default();
        let part = |name: &str| value_of(&entries, name);
        let (role, content) = match (part("role"), part("content")) {
            (Ok(role), Ok(content)) => (role, content),
            (Err(Double(key)), _) | (_, Err(Double(key))) => {
                return Some(Cell::other(&format!("a message with two keys `{key}`")));
            }
        };
        let is_text = |value: &&str| value.starts_with('"');
        let (Some(role), Some(content)) = (role.filter(is_text), content.filter(is_text)) else {
            return Some(Cell::other(written));
        };
        found.push(Message::new(&text(role)?, &text(content)?));
    }
    Some(Cell::Messages(found))
}
