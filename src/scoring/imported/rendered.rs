//! The texts that another program gave the model, from the files that were imported.

use std::collections::HashMap;
use std::path::Path;

use crate::data::json_text::{self, Entries, JsonText};
use crate::scoring::imported::numbers::id;
use crate::scoring::imported::reading::value;
use crate::scoring::run_dir::record::{ImportedFile, ImportedModel, Layout};
use crate::scoring::verdict::ScoredItem;
use crate::support::files;

/// Texts by subset and id, the chosen answers' first.
type ByKey = HashMap<(String, String), Vec<String>>;

/// The texts of every item by row; `None` where a file is not there any more, has changed, or has
/// none.
pub(crate) fn rendered(
    model: &ImportedModel,
    scored: &[ScoredItem],
) -> Option<HashMap<usize, Vec<String>>> {
    let mut by_key = ByKey::new();
    for file in &model.files {
        let text = unchanged(file)?;
        match file.layout {
            Layout::Scores => columns(&text, &["text_chosen", "text_rejected"], &mut by_key)?,
            Layout::Scores2 => columns(&text, &["text"], &mut by_key)?,
            Layout::Outputs => lines(&text, &mut by_key)?,
            Layout::LmEval => return None,
        }
    }
    let texts = |item: &ScoredItem| {
        let key = (item.subset.clone(), item.id.as_ref()?.to_string());
        Some((item.row, by_key.remove(&key)?))
    };
    scored.iter().map(texts).collect()
}

/// The content of a file that is still what was imported.
fn unchanged(file: &ImportedFile) -> Option<String> {
    let bytes = files::read(&file.path).ok()?;
    let is_same = files::digest(&bytes) == file.sha256;
    files::to_text(bytes, Path::new(""))
        .ok()
        .filter(|_| is_same)
}

fn columns(text: &str, names: &[&str], found: &mut ByKey) -> Option<()> {
    let object = JsonText::new(text).object()?;
    let list = |key: &str| JsonText::new(value(&object, key)?).list();
    let (subsets, ids) = (list("subset")?, list("id")?);
    let texts: Vec<Vec<&str>> = names.iter().map(|name| list(name)).collect::<Option<_>>()?;
    for (row, (subset, id)) in subsets.into_iter().zip(ids).enumerate() {
        let cells = texts.iter().map(|column| cell(column.get(row)?));
        let cells: Vec<Vec<String>> = cells.collect::<Option<_>>()?;
        found.insert(key(subset, id)?, cells.concat());
    }
    Some(())
}

/// A text, or a list of texts.
fn cell(written: &str) -> Option<Vec<String>> {
    match JsonText::new(written).list() {
        Some(list) => list.into_iter().map(json_text::text).collect(),
        None => json_text::text(written).map(|only| vec![only]),
    }
}

fn lines(text: &str, found: &mut ByKey) -> Option<()> {
    for line in text.split('\n').filter(|line| !line.trim().is_empty()) {
        let row: Entries = JsonText::new(line).object()?;
        let key = key(value(&row, "subset")?, value(&row, "id")?)?;
        let of = |name: &str| json_text::text(value(&row, name)?);
        found.insert(key, vec![of("text_chosen")?, of("text_rejected")?]);
    }
    Some(())
}

fn key(subset: &str, written: &str) -> Option<(String, String)> {
    Some((json_text::text(subset)?, id(written).ok()??.to_string()))
}
