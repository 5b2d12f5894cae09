//! Files → items, with every row accounted for.

use std::collections::HashMap;

use crate::benchmark::Comparisons;
use crate::data::column_map::{ColumnMap, Field, Ties};
use crate::data::compressed::{self, Compression};
use crate::data::item::{Id, Item};
use crate::data::raw_row::{MAX_TEXT, RawRow, Source};
use crate::data::{csv, json, parquet, winner};
use crate::support::count::count;
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::input_file::InputFile;

/// The rows of files.
pub struct Loaded {
    pub items: Vec<Item>,
    /// Rows that were left out: of them neither answer is better.
    pub ties: usize,
}

/// The items of [`load_all`].
pub fn load(files: &[InputFile], map: &ColumnMap) -> Result<Vec<Item>> {
    load_all(files, map).map(|loaded| loaded.items)
}

/// Reads the files in order. Rows of a file without a column for subsets belong to a subset named
/// after the file.
pub fn load_all(files: &[InputFile], map: &ColumnMap) -> Result<Loaded> {
    let mut items: Vec<Item> = Vec::new();
    let mut read_so_far = 0;
    let mut seen: HashMap<(String, Id), usize> = HashMap::new();
    for file in files {
        let path = &file.path();
        let source = Source { path, map };
        let name = Name::of(file);
        let mut rows = read(source, file, &name)?;
        if rows.is_empty() {
            return Err(source.bad("the file has no rows"));
        }
        winner::settle(source, &mut rows)?;
        for (at, raw) in rows.into_iter().enumerate() {
            let row = read_so_far;
            read_so_far += 1;
            if raw.is_tie && map.ties() == Ties::LeftOut {
                continue;
            }
            if let Some((field, size)) = raw.oversized() {
                let what = format!("a text of {size} bytes, accepted: up to {MAX_TEXT}");
                return Err(source.bad_cell(at, &map.shown(field), &what));
            }
            let subset = raw.subset.unwrap_or_else(|| name.stem.clone());
            if let Some(id) = &raw.id
                && let Some(first) = seen.insert((subset.clone(), written(id)), row)
            {
                let what = format!(
                    "row {at}: id {id} of subset {subset} occurs twice, first in row {first}"
                );
                return Err(source.bad(&what).hint(format!(
                    "subset and id together must identify a row, and 1 and \"1\" are one id; \
                     remove the copy, or do without the column `{}`: --map id=",
                    map.shown(Field::Id)
                )));
            }
            items.push(Item {
                row,
                subset,
                id: raw.id,
                prompt: raw.prompt,
                chosen: raw.chosen,
                rejected: raw.rejected,
                is_tie: raw.is_tie,
                comparisons: Comparisons::default(),
            });
        }
    }
    if items.is_empty() && read_so_far > 0 {
        return Err(Error::bad_input(format!(
            "failed to read pairs: all {} are ties, which are left out",
            count(read_so_far, "row")
        ))
        .hint("ties=keep in --map keeps them for a benchmark whose metric is `agreement`"));
    }
    Ok(Loaded {
        ties: read_so_far - items.len(),
        items,
    })
}

/// An id as a file of verdicts has it: not all of them say whether it was a number.
fn written(id: &Id) -> Id {
    match id {
        Id::Text(text) => match text.parse::<i64>() {
            Ok(number) if number.to_string() == *text => Id::Number(number),
            _ => id.clone(),
        },
        Id::Number(_) => id.clone(),
    }
}

/// What the name of a file says of it.
struct Name {
    stem: String,
    /// In lower case, without the dot.
    format: String,
    compression: Option<Compression>,
}

impl Name {
    fn of(file: &InputFile) -> Self {
        if matches!(file, InputFile::Stdin(_)) {
            return Self {
                stem: "stdin".to_owned(),
                format: "jsonl".to_owned(),
                compression: None,
            };
        }
        let name = file.path();
        let name = name.file_name().unwrap_or_default().to_string_lossy();
        let lower = name.to_lowercase();
        let (compression, rest) = Compression::of(&lower);
        let (stem, format) = match rest.rfind('.') {
            Some(dot) if dot > 0 => (dot, &rest[dot + 1..]),
            _ => (rest.len(), ""),
        };
        Self {
            // Lower case has the same length, but for letters that no such name has.
            stem: without_part(name.get(..stem).unwrap_or(&name)).to_owned(),
            format: format.to_owned(),
            compression,
        }
    }
}

/// Of `test-00000-of-00002`, a part of a split of the hub, `test`.
fn without_part(stem: &str) -> &str {
    let is_number = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    let split = || {
        let (numbered, of) = stem.rsplit_once("-of-")?;
        let (name, part) = numbered.rsplit_once('-')?;
        (is_number(part) && is_number(of)).then_some(name)
    };
    split().unwrap_or(stem)
}

fn read(source: Source, file: &InputFile, name: &Name) -> Result<Vec<RawRow>> {
    let text = || match name.compression {
        Some(compression) => compressed::text(file, compression),
        None => file.text(),
    };
    match name.format.as_str() {
        "parquet" if name.compression.is_none() => parquet::rows(source),
        "csv" => csv::rows(source, &text()?, ','),
        "tsv" => csv::rows(source, &text()?, '\t'),
        "json" | "jsonl" | "ndjson" => json::rows(source, &text()?),
        _ => {
            // The border between "no such file" and "wrong kind of file".
            files::open(source.path)?;
            Err(source.bad("unknown file type").hint(
                "the name must end in .parquet, .jsonl, .json, .csv or .tsv; texts may be \
                 compressed as .gz or .zst",
            ))
        }
    }
}
