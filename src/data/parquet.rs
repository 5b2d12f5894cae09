//! Parquet files of pairs, through polars.

use std::path::Path;

use polars::prelude::*;

use crate::data::item::{Id, Message};
use crate::data::parquet_guard;
use crate::data::raw_row::{RawRow, bad_cell, missing_column};
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::{allocator, catch_panic};

const COLUMNS: [&str; 5] = ["subset", "id", "prompt", "chosen", "rejected"];

/// Reads only the columns in use: whatever else the file holds stays out of the way.
pub(crate) fn parquet(path: &Path) -> Result<Vec<RawRow>> {
    let file = files::read(path)?;
    // Columns are made when they are looked at, and may panic only then.
    guarded("pairs", path, || {
        let mut reader = parquet_guard::reader(file)?;
        let schema = reader.schema()?;
        let wanted = COLUMNS
            .iter()
            .filter(|c| schema.contains(c))
            .map(|c| (*c).to_owned())
            .collect::<Vec<_>>();
        if wanted.iter().all(|c| c == "subset" || c == "id") {
            // No projection to nothing: let the check of columns below speak.
            return Ok(rows(path, &reader.finish()?));
        }
        Ok(rows(path, &reader.with_columns(Some(wanted)).finish()?))
    })?
}

/// polars has panicked on damaged files, reserves memory that no machine has, and does not name the
/// file in its errors.
pub(crate) fn guarded<T>(
    what: &str,
    path: &Path,
    read: impl FnOnce() -> PolarsResult<T>,
) -> Result<T> {
    let failed = || {
        Error::bad_input(format!("failed to read {what}: {}", path.display()))
            .hint("the file is damaged or not of the type that its name says")
    };
    allocator::reading(path, || catch_panic::guarded(read))
        .ok_or_else(failed)?
        .map_err(|e| failed().caused_by(e))
}

fn rows(path: &Path, frame: &DataFrame) -> Result<Vec<RawRow>> {
    let names: Vec<&str> = frame
        .get_column_names()
        .into_iter()
        .map(PlSmallStr::as_str)
        .collect();
    let column = |name: &str| {
        frame
            .column(name)
            .map_err(|_| missing_column(path, name, &names))
    };
    let text = |name: &'static str| -> Result<Vec<String>> {
        strings(path, name, column(name)?.as_materialized_series())
    };
    let optional = |name: &str| frame.column(name).ok().map(Column::as_materialized_series);

    let prompts = prompts(path, column("prompt")?.as_materialized_series())?;
    let (chosen, rejected) = (text("chosen")?, text("rejected")?);
    let subsets = optional("subset")
        .map(|s| strings(path, "subset", s))
        .transpose()?;
    let ids = optional("id").map(|s| ids(path, s)).transpose()?;

    let mut subsets = subsets.into_iter().flatten();
    let mut ids = ids.into_iter().flatten();
    let answers = chosen.into_iter().zip(rejected);
    Ok(prompts
        .into_iter()
        .zip(answers)
        .map(|(prompt, (chosen, rejected))| RawRow {
            subset: subsets.next(),
            id: ids.next(),
            prompt,
            chosen,
            rejected,
        })
        .collect())
}

fn strings(path: &Path, name: &str, series: &Series) -> Result<Vec<String>> {
    // A categorical column is text in another storage.
    let series = if matches!(series.dtype(), DataType::Categorical(..)) {
        series
            .cast(&DataType::String)
            .unwrap_or_else(|_| series.clone())
    } else {
        series.clone()
    };
    let text = series.str().map_err(|_| {
        bad_cell(
            path,
            0,
            name,
            &format!("expected strings, found {}", series.dtype()),
        )
    })?;
    text.iter()
        .enumerate()
        .map(|(at, value)| {
            value
                .map(str::to_owned)
                .ok_or_else(|| bad_cell(path, at, name, "expected a string, found null"))
        })
        .collect()
}

fn ids(path: &Path, series: &Series) -> Result<Vec<Id>> {
    if !series.dtype().is_integer() {
        return Ok(strings(path, "id", series)?
            .into_iter()
            .map(Id::Text)
            .collect());
    }
    let numbers = series
        .cast(&DataType::Int64)
        .map_err(|_| bad_cell(path, 0, "id", "expected 64-bit integers"))?;
    let numbers = numbers
        .i64()
        .map_err(|_| bad_cell(path, 0, "id", "expected 64-bit integers"))?;
    numbers
        .iter()
        .enumerate()
        .map(|(at, id)| {
            id.map(Id::Number)
                .ok_or_else(|| bad_cell(path, at, "id", "expected an integer, found null"))
        })
        .collect()
}

/// Strings, or lists of structs with `role` and `content`.
fn prompts(path: &Path, series: &Series) -> Result<Vec<Vec<Message>>> {
    let Ok(lists) = series.list() else {
        return Ok(strings(path, "prompt", series)?
            .into_iter()
            .map(|text| vec![Message::new("user", &text)])
            .collect());
    };
    let wrong = |at: usize| {
        bad_cell(
            path,
            at,
            "prompt",
            "expected a string or a list of messages with strings `role` and `content`",
        )
    };
    (0..lists.len())
        .map(|at| {
            let turns = lists
                .get_as_series(at)
                .filter(|turns| !turns.is_empty())
                .ok_or_else(|| wrong(at))?;
            let fields = turns.struct_().map_err(|_| wrong(at))?;
            let field = |name: &str| fields.field_by_name(name).map_err(|_| wrong(at));
            let (roles, contents) = (field("role")?, field("content")?);
            let (roles, contents) = (
                roles.str().map_err(|_| wrong(at))?,
                contents.str().map_err(|_| wrong(at))?,
            );
            roles
                .iter()
                .zip(contents.iter())
                .map(|turn| match turn {
                    (Some(role), Some(content)) => Ok(Message::new(role, content)),
                    _ => Err(wrong(at)),
                })
                .collect()
        })
        .collect()
}
