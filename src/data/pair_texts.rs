//! Texts of pairs, read again where a run kept only verdicts.

use std::collections::HashMap;

use crate::data::item::{Answers, Item};
use crate::data::load::load;
use crate::data::recorded_file::{self, DataFile};
use crate::support::error::one_line;

/// Pairs by row, or why their texts cannot be had.
pub(crate) type Texts = std::result::Result<HashMap<usize, Item>, String>;

/// The whole texts of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PairTexts {
    /// Of a conversation every turn, after its role.
    pub(crate) prompt: String,
    pub(crate) chosen: String,
    pub(crate) rejected: String,
}

impl PairTexts {
    pub(crate) fn of(pair: &Item) -> Self {
        let prompt = match pair.prompt.as_slice() {
            [only] => only.content.clone(),
            turns => turns
                .iter()
                .map(|turn| format!("{}: {}", turn.role, turn.content))
                .collect::<Vec<_>>()
                .join("\n"),
        };
        Self {
            prompt,
            chosen: joined(&pair.chosen),
            rejected: joined(&pair.rejected),
        }
    }
}

/// The pairs of a run, if its files are still what was run.
pub(crate) fn read_again(data: &[DataFile]) -> Texts {
    let files = recorded_file::find(data, &[])?;
    let map = recorded_file::column_map(data)?;
    Ok(by_row(
        load(&files, &map).map_err(|error| error.to_string())?,
    ))
}

pub(crate) fn by_row(pairs: Vec<Item>) -> HashMap<usize, Item> {
    pairs.into_iter().map(|pair| (pair.row, pair)).collect()
}

/// At most so many characters of a text, on one line.
pub(crate) fn excerpt(text: &str, most: usize) -> String {
    let text = one_line(text.trim());
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}

/// Several answers in a row.
fn joined(answers: &Answers) -> String {
    answers.iter().collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(excerpt(" a\nb ", 160), "a b");
        let cut = excerpt(&"é".repeat(161), 160);
        assert_eq!(cut, "é".repeat(160) + "…");
    }
}
