//! Files → items, with every row accounted for.

use std::collections::HashMap;

use crate::data::item::{Id, Item};
use crate::data::raw_row::{MAX_TEXT, RawRow, bad_cell};
use crate::data::{csv, json, parquet};
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::input_file::InputFile;

/// Reads the files in order. Rows of a file without a `subset` column belong to a subset named
/// after the file.
pub fn load(files: &[InputFile]) -> Result<Vec<Item>> {
    let mut pairs: Vec<Item> = Vec::new();
    let mut seen: HashMap<(String, Id), usize> = HashMap::new();
    for file in files {
        let path = file.path();
        let stem = path
            .file_stem()
            .map_or_else(String::new, |s| s.to_string_lossy().into_owned());
        let rows = read(file)?;
        if rows.is_empty() {
            return Err(Error::bad_input(format!(
                "failed to read pairs: {}: the file has no rows",
                path.display()
            )));
        }
        for (at, raw) in rows.into_iter().enumerate() {
            if let Some((column, size)) = raw.oversized() {
                return Err(bad_cell(
                    &path,
                    at,
                    column,
                    &format!("a text of {size} bytes, accepted: up to {MAX_TEXT}"),
                ));
            }
            let subset = raw.subset.unwrap_or_else(|| stem.clone());
            if let Some(id) = &raw.id
                && let Some(first) = seen.insert((subset.clone(), id.clone()), pairs.len())
            {
                return Err(Error::bad_input(format!(
                    "failed to read pairs: {}: row {at}: id {id} of subset {subset} occurs \
                     twice, first in row {first}",
                    path.display()
                ))
                .hint(
                    "subset and id together must identify a row; remove the copy, or the \
                    column `id`",
                ));
            }
            pairs.push(Item {
                row: pairs.len(),
                subset,
                id: raw.id,
                prompt: raw.prompt,
                chosen: raw.chosen.into(),
                rejected: raw.rejected.into(),
            });
        }
    }
    Ok(pairs)
}

fn read(file: &InputFile) -> Result<Vec<RawRow>> {
    let path = &file.path();
    match path
        .extension()
        .and_then(|e| e.to_str())
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        Some("parquet") => parquet::parquet(path),
        Some("csv") => csv::rows(path, &file.text()?),
        Some("json" | "jsonl" | "ndjson") => json::rows(path, &file.text()?),
        _ => {
            // The border between "no such file" and "wrong kind of file".
            files::open(path)?;
            Err(Error::bad_input(format!(
                "failed to read pairs: {}: unknown file type",
                path.display()
            ))
            .hint("the name must end in .parquet, .jsonl, .json or .csv"))
        }
    }
}
