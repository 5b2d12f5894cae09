//! lm-eval's samples of a multiple-choice task: a line for each document, with the log-likelihood
//! of every choice.
//!
//! `doc_id` counts the documents of the task and is not the id of the data: it would be taken for
//! one if it stood there alone. The data's own keys are in `doc`.

use std::path::Path;

use crate::data::Id;
use crate::data::json_text::{Entries, JsonText};
use crate::scoring::imported::numbers::{TieRule, count, id, result, score, short};
use crate::scoring::imported::reading::{Reading, text, value};
use crate::scoring::imported::result_file::ResultFile;
use crate::scoring::imported::result_row::{ResultRow, RowNumbers};
use crate::support::error::Result;

pub(super) fn read(reading: Reading, rows: &[Entries]) -> Result<ResultFile> {
    let task = task(reading.path);
    let rows = rows.iter().enumerate();
    let rows = rows.map(|(at, entries)| row(reading, at, entries, &task));
    let found = rows.collect::<Result<_>>().map(ResultFile::of)?;
    Ok(ResultFile {
        model: model(reading.path),
        ..found
    })
}

/// Of `samples_TASK_TIME.jsonl`; the files do not say it themselves.
fn task(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let rest = stem.strip_prefix("samples_").unwrap_or(&stem);
    let is_time = |text: &str| text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('T');
    match rest.rsplit_once('_') {
        Some((task, time)) if is_time(time) => task.to_owned(),
        _ => rest.to_owned(),
    }
}

/// Of `ORGANISATION__MODEL/samples_….jsonl`.
fn model(path: &Path) -> Option<String> {
    let folder = path.parent()?.file_name()?.to_str()?;
    folder.contains("__").then(|| folder.replacen("__", "/", 1))
}

fn row(reading: Reading, at: usize, entries: &Entries, task: &str) -> Result<ResultRow> {
    let bad = |key: &str, what: String| reading.bad_value(at, key, &what);
    let needed = |key: &str| reading.needed(at, entries, key);
    let responses = needed("filtered_resps")?;
    let mut scores = log_likelihoods(responses).map_err(|what| {
        bad("filtered_resps", what)
            .hint("only multiple-choice tasks can be imported: a log-likelihood for each choice")
    })?;
    let target = needed("target")?;
    let unquoted = target.trim_matches('"');
    let gold = count(unquoted).map_err(|what| bad("target", what))?;
    if gold >= scores.len() || scores.len() < 2 {
        let what = format!("choice {gold} of {}", scores.len());
        return Err(bad("target", what));
    }
    scores[..=gold].rotate_right(1);
    let counted = value(entries, "acc").map(result).transpose();
    let numbers = RowNumbers {
        chosen: 1,
        scores,
        result: counted.map_err(|what| bad("acc", what))?,
        // numpy's argmax takes the first of equal choices.
        ties: TieRule::Free,
    };
    let doc = value(entries, "doc").and_then(|doc| JsonText::new(doc).object());
    let doc = doc.unwrap_or_default();
    let own = value(&doc, "id").map_or(Ok(None), id);
    let id = if let Some(id) = own.map_err(|what| bad("doc.id", what))? {
        id
    } else {
        let number = count(needed("doc_id")?).map_err(|what| bad("doc_id", what))?;
        Id::Text(format!("doc:{number}"))
    };
    let outcome = numbers.outcome();
    Ok(ResultRow {
        subset: Some(text(&doc, "subset").unwrap_or_else(|| task.to_owned())),
        id: Some(id),
        outcome: outcome.map_err(|why| reading.bad_numbers(at, ["filtered_resps", "acc"], &why))?,
    })
}

/// The first number of each choice: `[["-1.5", "False"], …]`, as texts or as numbers.
fn log_likelihoods(written: &str) -> std::result::Result<Vec<f64>, String> {
    let one = |choice: &str| {
        let parts = JsonText::new(choice).list();
        let parts = parts.ok_or_else(|| {
            format!(
                "expected [log-likelihood, is greedy], found {}",
                short(choice)
            )
        })?;
        let first = parts.first().ok_or("a choice without a log-likelihood")?;
        score(first.trim_matches('"'))
    };
    let choices = JsonText::new(written).list();
    let choices = choices.ok_or_else(|| format!("expected a list, found {}", short(written)))?;
    choices
        .into_iter()
        .map(one)
        .collect::<std::result::Result<Vec<f64>, String>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_path() {
        let path =
            Path::new("out/example-org__tiny-rm/samples_hep-rust_2026-01-15T10-30-00.0.jsonl");
        assert_eq!(task(path), "hep-rust");
        assert_eq!(model(path).as_deref(), Some("example-org/tiny-rm"));
        assert_eq!(task(Path::new("samples_a_b.jsonl")), "a_b");
        assert_eq!(model(Path::new("samples_a.jsonl")), None);
    }
}
