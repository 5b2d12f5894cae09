//! Texts of pairs, shortened for reports, and read again where a run kept only verdicts.

use std::collections::HashMap;

use crate::data::column_map::ColumnMap;
use crate::data::item::{Answers, Item};
use crate::data::load::load;
use crate::data::recorded_file::DataFile;
use crate::support::error::one_line;
use crate::support::input_file::{InputFile, STANDARD_INPUT};

/// Characters of a text that are shown, where a text is a line of a list.
pub(crate) const LINE: usize = 160;
/// Where it is a paragraph.
pub(crate) const PARAGRAPH: usize = 400;

/// Pairs by row, or why their texts cannot be had.
pub(crate) type Texts = std::result::Result<HashMap<usize, Item>, String>;

/// Shortened texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) prompt: String,
    pub(crate) chosen: String,
    pub(crate) rejected: String,
}

impl Excerpt {
    /// At most so many characters of each text.
    pub(crate) fn of(pair: &Item, most: usize) -> Self {
        let prompt = match pair.prompt.as_slice() {
            [only] => only.content.clone(),
            turns => turns
                .iter()
                .map(|turn| format!("{}: {}", turn.role, turn.content))
                .collect::<Vec<_>>()
                .join(" "),
        };
        Self {
            prompt: shortened(&prompt, most),
            chosen: shortened(&joined(&pair.chosen), most),
            rejected: shortened(&joined(&pair.rejected), most),
        }
    }
}

/// The pairs of a run, if its files are still what was run.
pub(crate) fn read_again(data: &[DataFile]) -> Texts {
    let mut files = Vec::new();
    for recorded in data {
        if recorded.path.as_os_str() == STANDARD_INPUT {
            return Err("standard input cannot be read again".to_owned());
        }
        let on_disk = InputFile::OnDisk(recorded.path.clone());
        let file = if on_disk.exists() {
            Some(on_disk)
        } else {
            recorded.embedded()
        };
        let file =
            file.ok_or_else(|| format!("{} is not there any more", recorded.path.display()))?;
        if file.sha256().map_err(|error| error.to_string())? != recorded.sha256 {
            return Err(format!(
                "{} has changed since the run (SHA-256)",
                recorded.path.display()
            ));
        }
        files.push(file);
    }
    // There is one map for all files of a run.
    let map = data.first().and_then(|file| file.map.as_deref());
    let map = map.map_or_else(|| Ok(ColumnMap::default()), str::parse::<ColumnMap>)?;
    Ok(by_row(
        load(&files, &map).map_err(|error| error.to_string())?,
    ))
}

pub(crate) fn by_row(pairs: Vec<Item>) -> HashMap<usize, Item> {
    pairs.into_iter().map(|pair| (pair.row, pair)).collect()
}

/// Several answers in a row.
fn joined(answers: &Answers) -> String {
    answers.iter().collect::<Vec<_>>().join(" | ")
}

fn shortened(text: &str, most: usize) -> String {
    let text = one_line(text.trim());
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shortened(" a\nb ", LINE), "a b");
        let cut = shortened(&"é".repeat(LINE + 1), LINE);
        assert_eq!(cut, "é".repeat(LINE) + "…");
    }
}
