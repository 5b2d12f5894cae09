//! A file → what it says. Which program wrote it is known by its content, whatever it is called.

use std::path::Path;

use crate::data::json_text::{Entries, JsonText};
use crate::scoring::imported::reading::{Reading, value};
use crate::scoring::imported::result_file::ResultFile;
use crate::scoring::imported::{lm_eval, outputs, score_columns};
use crate::scoring::run_dir::record::{ImportedFile, Layout};
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::input_file::InputFile;

/// No program writes a larger file: the scores of RewardBench's 2,985 pairs are some 15 MB.
const MAX_BYTES: u64 = 1 << 30;

const LAYOUTS: &str = "what is read: reward-bench's eval-set-scores/MODEL.json and \
    pref-sets-scores/MODEL.json, the command's MODEL_outputs.jsonl, and \
    lm-eval's samples_TASK.jsonl";

/// What a file says, and which file that was.
///
/// # Errors
/// What is wrong in it, by path, row and key.
pub fn read(path: &Path) -> Result<(ImportedFile, ResultFile)> {
    let (file, reading) = (InputFile::from(path), Reading { path });
    let size = file.size()?;
    if size > MAX_BYTES {
        let what = format!("{size} bytes, accepted: up to {MAX_BYTES}");
        return Err(reading.bad(&what).hint(LAYOUTS));
    }
    let bytes = file.bytes()?.into_owned();
    let sha256 = files::digest(&bytes);
    let text = files::to_text(bytes, path)?;
    let (layout, found) = contents(reading, &text)?;
    if found.rows.is_empty() {
        return Err(reading.bad("the file has no rows"));
    }
    let record = ImportedFile {
        path: path.to_owned(),
        sha256,
        layout,
    };
    Ok((record, found))
}

fn contents(reading: Reading, text: &str) -> Result<(Layout, ResultFile)> {
    if text.trim().is_empty() {
        return Err(reading.bad("the file is empty").hint(LAYOUTS));
    }
    let mut json = JsonText::new(text);
    let Some(first) = json.object() else {
        return Err(no_json(reading, text, json.at));
    };
    let is_list = |value: &str| value.starts_with('[');
    if json.is_at_end() && value(&first, "results").is_some_and(is_list) {
        no_key_twice(reading, 0, &first)?;
        return score_columns::read(reading, &first);
    }
    if value(&first, "text_chosen").is_some_and(is_list) {
        let what = "no key `results`, which a file of scores has";
        return Err(reading.bad(what).hint(LAYOUTS));
    }
    if has_all(&first, &["scores_chosen", "scores_rejected"]) {
        let rows = lines(reading, text)?;
        return Ok((Layout::Outputs, outputs::read(reading, &rows)?));
    }
    if has_all(&first, &["doc_id", "filtered_resps"]) {
        let rows = lines(reading, text)?;
        return Ok((Layout::LmEval, lm_eval::read(reading, &rows)?));
    }
    Err(not_a_layout(reading, &first))
}

/// One object a line.
fn lines<'a>(reading: Reading, text: &'a str) -> Result<Vec<Entries<'a>>> {
    let mut rows = Vec::new();
    let lines = text.split('\n').enumerate();
    for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let mut json = JsonText::new(line);
        let entries = json.object().filter(|_| json.is_at_end());
        let Some(entries) = entries else {
            let what = format!("line {}: not one JSON object", at + 1);
            return Err(reading.bad(&what).hint("every line must hold one object"));
        };
        no_key_twice(reading, rows.len(), &entries)?;
        rows.push(entries);
    }
    Ok(rows)
}

fn no_key_twice(reading: Reading, row: usize, entries: &Entries) -> Result<()> {
    let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_ref()).collect();
    keys.sort_unstable();
    match keys.windows(2).find(|two| two[0] == two[1]) {
        Some(two) => Err(reading.bad_value(row, two[0], "the key occurs twice")),
        None => Ok(()),
    }
}

fn no_json(reading: Reading, text: &str, at: usize) -> Error {
    let line = text.get(..at).unwrap_or(text).matches('\n').count() + 1;
    if text.trim_end().len() <= at {
        let what = format!("line {line}: the JSON ends too early");
        return reading
            .bad(&what)
            .hint("get the file anew: a part is missing");
    }
    let what = format!("line {line}: not a JSON object");
    reading.bad(&what).hint(LAYOUTS)
}

/// Files that lie beside those that are read, and what to take in their place.
fn not_a_layout(reading: Reading, entries: &Entries) -> Error {
    let remedy = if has_all(entries, &["accuracy", "num_prompts"]) {
        "it has accuracies only: give MODEL_outputs.jsonl, which lies beside it"
    } else if has_all(entries, &["results", "configs"]) {
        "it has averages only: give lm-eval's samples_TASK.jsonl, which --log_samples writes"
    } else if has_all(entries, &["chosen", "rejected"]) {
        "it does not say which pair a score is of: give MODEL_outputs.jsonl, which lies beside it"
    } else if has_all(entries, &["model", "chat_template"]) {
        "it has accuracies only: give the file of the same name in eval-set-scores or \
         pref-sets-scores"
    } else {
        LAYOUTS
    };
    let keys: Vec<&str> = entries
        .iter()
        .take(10)
        .map(|(key, _)| key.as_ref())
        .collect();
    let what = format!("found the keys: {}", keys.join(", "));
    reading.bad(&what).hint(remedy)
}

fn has_all(entries: &Entries, keys: &[&str]) -> bool {
    keys.iter().all(|key| value(entries, key).is_some())
}
