//! Parquet files of pairs, through polars.

use std::path::Path;

use polars::prelude::*;
use polars_buffer::Buffer;
use polars_parquet::parquet::read::deserialize_metadata;

use crate::data::cell::{Cell, Cells};
use crate::data::column_map::Field;
use crate::data::item::Message;
use crate::data::missing_column::missing_columns;
use crate::data::parquet_footer::{Column, Content, Footer};
use crate::data::parquet_type::Kind;
use crate::data::raw_row::{RawRow, Source};
use crate::data::row_place::remedy;
use crate::data::{json, parquet_guard, preference};
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::{allocator, catch_panic};

/// Reads only the columns in use: whatever else the file holds stays out of the way.
pub(crate) fn rows(source: Source) -> Result<Vec<RawRow>> {
    let path = source.path;
    let file = files::read(path)?;
    if file.ends_with(b"PARE") {
        return Err(source
            .bad("the file is encrypted")
            .hint("write it without encryption"));
    }
    let in_use = |name: &str| source.map.field(name).is_some();
    let footer = guarded("pairs", path, || {
        let footer = parquet_guard::footer(&file)?;
        let damaged = || polars_err!(ComputeError: "its footer cannot be read");
        Footer::read(footer, &in_use).ok_or_else(damaged)
    })?;
    check(source, &footer)?;
    // Columns are made when they are looked at, and may panic only then.
    let columns = guarded("pairs", path, || {
        let metadata = deserialize_metadata(Buffer::from_vec(footer.bytes.clone()))?;
        let frame = parquet_guard::checked(Buffer::from_vec(file), metadata)?.finish()?;
        let values = |column: &Column| {
            let series = frame.column(&column.name)?.as_materialized_series();
            cells(series, &column.content)
        };
        footer
            .columns
            .iter()
            .map(values)
            .collect::<PolarsResult<Vec<_>>>()
    })?;
    let columns_in_use = footer.columns.iter();
    let fields = columns_in_use.filter_map(|column| source.map.field(&column.name));
    let mut columns: Vec<_> = fields
        .zip(columns)
        .map(|(field, cells)| (field, cells.into_iter()))
        .collect();
    let mut rows = Vec::new();
    loop {
        let mut cells = Cells::default();
        for (field, values) in &mut columns {
            match values.next() {
                Some(cell) => cells.set(*field, cell),
                None => return Ok(rows),
            }
        }
        let found = || footer.names.clone();
        let is_first = rows.is_empty();
        rows.push(preference::row(
            source,
            rows.len(),
            cells,
            &found,
            is_first,
        )?);
    }
}

/// polars has panicked on damaged files, reserves memory that no machine has, and does not name the
/// file in its errors.
pub(crate) fn guarded<T>(
    what: &str,
    path: &Path,
    read: impl FnOnce() -> PolarsResult<T>,
) -> Result<T> {
    let failed = || {
        Error::bad_input(format!("failed to read {what}: {}", path.display())).hint(
            "the file is damaged, is not of the type that its name says, or holds more than is \
                 read",
        )
    };
    allocator::reading(path, || catch_panic::guarded(read))
        .ok_or_else(failed)?
        .map_err(|e| failed().caused_by(e))
}

/// Refuses columns in use that are missing, or hold what cannot be used.
fn check(source: Source, footer: &Footer) -> Result<()> {
    if let Some(name) = footer.doubled.first() {
        return Err(source.bad(&format!("2 columns `{name}`")));
    }
    let mut unreadable = footer.unreadable.iter().cloned().chain(
        footer
            .columns
            .iter()
            .filter(|column| !suits(source, column))
            .map(|column| (column.name.clone(), column.shown.clone())),
    );
    if let Some((name, kind)) = unreadable.next() {
        let field = source.map.field(&name).unwrap_or(Field::Prompt);
        let expected = match field {
            Field::Id => "integers or strings",
            Field::Subset => "strings",
            Field::Label => "strings, integers or booleans",
            Field::Tie => "booleans, integers or strings",
            _ => {
                "strings, lists of strings, or lists of messages with strings `role` and `content`"
            }
        };
        let what = format!("column `{name}`: expected {expected}, found {kind}");
        let error = source.bad(&what).hint(remedy(field));
        // Not for messages: a text of their braces and quotes would be scored as it stands.
        return Err(error.or_hint(
            "numbers become strings by CAST(… AS VARCHAR) or .astype(str), bytes by decoding them",
        ));
    }
    if let Some(why) = footer.locked {
        return Err(source
            .bad(&format!("a column in use {why}"))
            .hint("write the file without"));
    }
    let has = |field: &Field| {
        let mut columns = footer.columns.iter();
        columns.any(|column| source.map.field(&column.name) == Some(*field))
    };
    if has(&Field::Chosen) && has(&Field::Rejected) {
        return Ok(());
    }
    if source.map.names(Field::Choices) {
        let what = "answers in one list, with a list of labels, are read from JSON files only";
        return Err(source.bad(what).hint("write the rows as JSON Lines"));
    }
    let needed = [Field::Prompt, Field::Chosen, Field::Rejected];
    let missing: Vec<Field> = needed.into_iter().filter(|field| !has(field)).collect();
    Err(missing_columns(source, 0, &missing, &footer.names))
}

/// Whether a column holds what its field takes.
fn suits(source: Source, column: &Column) -> bool {
    match (source.map.field(&column.name), &column.content) {
        (Some(Field::Chosen | Field::Rejected | Field::Choices), Content::Texts)
        | (Some(Field::Label | Field::Tie), Content::Values(_))
        | (_, Content::Values(Kind::Text | Kind::Json))
        | (Some(Field::Subset), Content::Values(Kind::Uuid))
        | (Some(Field::Prompt | Field::Chosen | Field::Rejected), Content::Messages) => true,
        (Some(Field::Id), Content::Values(kind)) => *kind != Kind::Boolean,
        (_, Content::Values(_) | Content::Messages | Content::Texts) => false,
    }
}

/// The values of a column.
fn cells(series: &Series, content: &Content) -> PolarsResult<Vec<Cell>> {
    let or_null = |cell: Option<Cell>| cell.unwrap_or_else(|| Cell::other("null"));
    Ok(match content {
        Content::Messages => return messages(series),
        Content::Texts => return texts(series),
        Content::Values(Kind::Text) => {
            let text = |text: &str| Cell::Text(text.to_owned());
            series
                .str()?
                .iter()
                .map(|value| or_null(value.map(text)))
                .collect()
        }
        Content::Values(Kind::Json) => {
            let document =
                |text: &str| json::cell(text.trim()).unwrap_or_else(|| Cell::other(text));
            series
                .str()?
                .iter()
                .map(|value| or_null(value.map(document)))
                .collect()
        }
        Content::Values(Kind::Uuid) => {
            let text = |bytes: &[u8]| Cell::Text(uuid(bytes));
            series
                .binary()?
                .iter()
                .map(|value| or_null(value.map(text)))
                .collect()
        }
        Content::Values(Kind::Boolean) => {
            let word = |is_so: bool| Cell::Other(is_so.to_string());
            series
                .bool()?
                .iter()
                .map(|value| or_null(value.map(word)))
                .collect()
        }
        Content::Values(kind) => {
            let number = |number: i128| integer(number, kind);
            integers(series, kind)?
                .map(|value| or_null(value.map(number)))
                .collect()
        }
    })
}

/// Numbers as they are stored.
fn integers<'a>(
    series: &'a Series,
    kind: &Kind,
) -> PolarsResult<Box<dyn Iterator<Item = Option<i128>> + 'a>> {
    let signed = *kind != Kind::Integer { signed: false };
    Ok(match series.dtype() {
        DataType::Int32 if signed => Box::new(series.i32()?.iter().map(|n| n.map(i128::from))),
        DataType::Int32 => Box::new(
            series
                .i32()?
                .iter()
                .map(|n| Some(n?.cast_unsigned().into())),
        ),
        DataType::Int64 if signed => Box::new(series.i64()?.iter().map(|n| n.map(i128::from))),
        DataType::Int64 => Box::new(
            series
                .i64()?
                .iter()
                .map(|n| Some(n?.cast_unsigned().into())),
        ),
        _ => Box::new(series.binary()?.iter().map(|bytes| big_endian(bytes?))),
    })
}

/// Two's complement of up to 16 bytes; a longer one is no value.
fn big_endian(bytes: &[u8]) -> Option<i128> {
    let negative = bytes.first().is_some_and(|first| *first >= 0x80);
    let start = if negative { -1 } else { 0 };
    let number = || {
        let next = |number: i128, byte: &u8| (number << 8) | i128::from(*byte);
        bytes.iter().fold(start, next)
    };
    (bytes.len() <= 16).then(number)
}

/// A number; text where it has more than 64 bits: an id is no less one.
fn integer(stored: i128, kind: &Kind) -> Cell {
    let whole = |number: i128| {
        i64::try_from(number).map_or_else(|_| Cell::Text(number.to_string()), Cell::Integer)
    };
    let Kind::Decimal { scale } = kind else {
        return whole(stored);
    };
    let unit = 10_i128.pow(*scale);
    let shown = || {
        format!(
            "{}.{:0width$}",
            stored / unit,
            (stored % unit).unsigned_abs(),
            width = *scale as usize
        )
    };
    if stored % unit == 0 {
        whole(stored / unit)
    } else {
        Cell::Other(shown())
    }
}

fn uuid(bytes: &[u8]) -> String {
    let digits = files::hex(bytes);
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits.get(part).unwrap_or(""));
    parts.join("-")
}

/// Lists of strings.
fn texts(series: &Series) -> PolarsResult<Vec<Cell>> {
    let lists = series.list()?;
    let one = |at: usize| {
        let Some(answers) = lists.get_as_series(at) else {
            return Ok(Cell::other("null"));
        };
        let texts = answers.str()?.iter().map(|text| text.map(str::to_owned));
        let texts: Option<Vec<String>> = texts.collect();
        Ok(texts.map_or_else(|| Cell::other("a list with null"), Cell::Texts))
    };
    (0..lists.len()).map(one).collect()
}

/// Lists of structs with `role` and `content`.
fn messages(series: &Series) -> PolarsResult<Vec<Cell>> {
    let lists = series.list()?;
    let one = |at: usize| {
        let Some(turns) = lists.get_as_series(at) else {
            return Ok(Cell::other("null"));
        };
        if turns.is_empty() {
            return Ok(Cell::other("[]"));
        }
        let fields = turns.struct_()?;
        let (roles, contents) = (
            fields.field_by_name("role")?,
            fields.field_by_name("content")?,
        );
        let turn =
            |(role, content): (Option<&str>, Option<&str>)| Some(Message::new(role?, content?));
        let turns: Option<Vec<Message>> = roles
            .str()?
            .iter()
            .zip(contents.str()?.iter())
            .map(turn)
            .collect();
        let without = || Cell::other("a message without role or content");
        Ok(turns.map_or_else(without, Cell::Messages))
    };
    (0..lists.len()).map(one).collect()
}
