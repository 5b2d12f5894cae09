//! Files → items, with every row accounted for.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::benchmark::Comparisons;
use crate::data::column_map::{ColumnMap, Field, Ties};
use crate::data::compressed::{self, Compression};
use crate::data::item::{Id, Item};
use crate::data::raw_row::{RawRow, Source};
use crate::data::{content, csv, json, message_text, parquet, winner};
use crate::support::count::count;
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::input_file::InputFile;

/// The rows of files.
pub struct Loaded {
    pub items: Vec<Item>,
    /// Rows that were left out: of them neither answer is better.
    ties: usize,
    /// Two files in different folders whose rows are one subset, as both have its name.
    namesakes: Option<[PathBuf; 2]>,
}

impl Loaded {
    /// What there is to say of how the rows were read.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let ties = (self.ties > 0).then(|| {
            let rows = count(self.ties, "row");
            format!("left out: {rows} on which neither answer is better")
        });
        let namesakes = self.namesakes.as_ref().map(|[one, other]| {
            let (one, other) = (one.display(), other.display());
            format!("one subset, as the files have the same name: {one} and {other}")
        });
        ties.into_iter().chain(namesakes).collect()
    }
}

/// The items of [`load_all`].
pub fn load(files: &[InputFile], map: &ColumnMap) -> Result<Vec<Item>> {
    load_all(files, map).map(|loaded| loaded.items)
}

/// Reads the files in order. Rows of a file without a column for subsets belong to a subset named
/// after the file, or after the folder `subset=NAME` in which it is.
pub fn load_all(files: &[InputFile], map: &ColumnMap) -> Result<Loaded> {
    no_copies(files)?;
    let mut items: Vec<Item> = Vec::new();
    let mut read_so_far = 0;
    let mut seen: HashMap<(String, Id), FileRow> = HashMap::new();
    let mut named = NamedSubsets::default();
    for file in files {
        let path = &file.path();
        let source = Source { path, map };
        let name = Name::of(file);
        let mut rows = read(source, file, &name)?;
        if rows.is_empty() {
            return Err(source.bad("the file has no rows"));
        }
        let of_file = if lack_subset(source, &rows)? {
            named.add(source, &name.stem)
        } else {
            String::new()
        };
        message_text::refuse_lists(source, &rows)?;
        winner::settle(source, &mut rows)?;
        for (at, raw) in rows.into_iter().enumerate() {
            let row = read_so_far;
            read_so_far += 1;
            if raw.is_tie && map.ties() == Ties::LeftOut {
                continue;
            }
            if let Some((field, what)) = raw.oversized() {
                return Err(source
                    .bad_cell(at, &map.shown(field), &what)
                    .hint("shorten it: a model reads some thousand tokens of it at most"));
            }
            let subset = raw.subset.unwrap_or_else(|| of_file.clone());
            let here = FileRow { file, at };
            if let Some(id) = &raw.id
                && let Some(first) = seen.insert((subset.clone(), written(id)), here)
            {
                return Err(id_twice(source, at, &subset, id, first));
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
        namesakes: named.namesakes,
    })
}

/// Where a row stands.
#[derive(Clone, Copy)]
struct FileRow<'a> {
    file: &'a InputFile,
    at: usize,
}

/// Files of the same content would count every row twice, and rows without ids do not show it.
fn no_copies(files: &[InputFile]) -> Result<()> {
    if files.len() < 2 {
        return Ok(());
    }
    // Only files of one size are hashed.
    let mut by_size: BTreeMap<u64, Vec<&InputFile>> = BTreeMap::new();
    for file in files {
        by_size.entry(file.size()?).or_default().push(file);
    }
    for alike in by_size.into_values().filter(|alike| alike.len() > 1) {
        let mut seen: HashMap<String, PathBuf> = HashMap::new();
        for file in alike {
            let path = file.path();
            if let Some(first) = seen.insert(file.sha256()?, path.clone()) {
                return Err(Error::bad_input(format!(
                    "failed to read pairs: {} has the same content as {}",
                    path.display(),
                    first.display()
                ))
                .hint("give it once: its rows would count twice"));
            }
        }
    }
    Ok(())
}

/// Whether the rows have no subset of their own.
///
/// # Errors
/// Some have one and others have none.
fn lack_subset(source: Source, rows: &[RawRow]) -> Result<bool> {
    let without = rows.iter().position(|row| row.subset.is_none());
    match without {
        Some(at) if rows.iter().any(|row| row.subset.is_some()) => {
            let column = source.map.shown(Field::Subset);
            let what = format!("row {at}: no column `{column}`, which other rows have");
            Err(source
                .bad(&what)
                .hint("give every row its subset, or do without: --map subset="))
        }
        _ => Ok(without.is_some()),
    }
}

fn id_twice(source: Source, at: usize, subset: &str, id: &Id, first: FileRow) -> Error {
    let path = first.file.path();
    let place = if path == source.path {
        String::new()
    } else {
        format!(" of {}", path.display())
    };
    let what = format!(
        "row {at}: id {id} of subset {subset} occurs twice, first in row {}{place}",
        first.at
    );
    source.bad(&what).hint(format!(
        "subset and id together must identify a row, and 1 and \"1\" are one id; remove the copy, \
         or do without the column `{}`: --map id=",
        source.map.shown(Field::Id)
    ))
}

/// Subsets that files gave their names to.
#[derive(Default)]
struct NamedSubsets {
    files: HashMap<String, PathBuf>,
    namesakes: Option<[PathBuf; 2]>,
}

impl NamedSubsets {
    /// The subset of a file: its folder's as Hive writes it, `subset=NAME` with `%20` for a space,
    /// else its own name.
    fn add(&mut self, source: Source, stem: &str) -> String {
        let columns = source.map.names_of(Field::Subset);
        let of_folder = |folder: &Path| {
            let (column, value) = folder.file_name()?.to_str()?.split_once('=')?;
            let decoded = percent_decode_str(value).decode_utf8();
            let value = decoded.unwrap_or(value.into());
            (columns.contains(&column) && !value.is_empty()).then(|| value.into_owned())
        };
        if let Some(partition) = source.path.ancestors().skip(1).find_map(of_folder) {
            return partition;
        }
        let path = source.path.to_owned();
        let first = self.files.entry(stem.to_owned()).or_insert(path);
        if self.namesakes.is_none() && first.parent() != source.path.parent() {
            self.namesakes = Some([first.clone(), source.path.to_owned()]);
        }
        stem.to_owned()
    }
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

/// Of `test-00000-of-00002`, a part of a split of the hub, `test`; once the hub's client wrote a
/// hash of sixteen digits behind it.
fn without_part(stem: &str) -> &str {
    let is_hash = |text: &str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let without_hash = stem.rsplit_once('-').filter(|(_, end)| is_hash(end));
    let (whole, stem) = (stem, without_hash.map_or(stem, |(start, _)| start));
    let is_number = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    let split = || {
        let (numbered, of) = stem.rsplit_once("-of-")?;
        let (name, part) = numbered.rsplit_once('-')?;
        (is_number(part) && is_number(of)).then_some(name)
    };
    split().unwrap_or(whole)
}

/// The rows of a file. What its content is explains more than where reading it failed.
fn read(source: Source, file: &InputFile, name: &Name) -> Result<Vec<RawRow>> {
    read_as_named(source, file, name).map_err(|error| match content::hint(file) {
        Some(hint) => error.hint(hint),
        None => error,
    })
}

fn read_as_named(source: Source, file: &InputFile, name: &Name) -> Result<Vec<RawRow>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_split_have_its_name() {
        for (stem, name) in [
            ("test-00000-of-00002", "test"),
            ("train_prefs-00001-of-00003-b42a775f407cee45", "train_prefs"),
            ("test-1-of-2", "test-1-of-2"),
            ("x-b42a775f407cee45", "x-b42a775f407cee45"),
        ] {
            assert_eq!(without_part(stem), name);
        }
    }
}
