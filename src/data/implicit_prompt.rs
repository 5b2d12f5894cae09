//! Two texts that begin with their prompt → the prompt and the answers, as TRL does it
//! (`trl/data_utils.py`, `maybe_extract_prompt`).

use crate::data::cell::Cell;
use crate::data::column_map::Field;
use crate::data::item::Message;
use crate::data::row_place::RowPlace;
use crate::support::error::Result;

/// The prompt of a row that has none of its own, and its two answers.
///
/// # Errors
/// There is a prompt, or a text is empty.
pub(crate) fn split(
    row: &RowPlace,
    prompt: Option<&Cell>,
    chosen: &str,
    rejected: &str,
) -> Result<(Vec<Message>, [String; 2])> {
    if prompt.is_some() {
        let error = row.bad(
            Field::Prompt,
            "is there: the answers need not begin with it",
        );
        return Err(error.hint("leave out implicit-prompt=extract"));
    }
    for (field, text) in [(Field::Chosen, chosen), (Field::Rejected, rejected)] {
        if text.is_empty() {
            return Err(row.bad(field, "an empty text, which begins with no prompt"));
        }
    }
    let at = end_of_prompt(chosen, rejected);
    let [prompt, chosen, rejected] = [&chosen[..at], &chosen[at..], &rejected[at..]];
    let prompt = vec![Message::new("user", prompt)];
    Ok((prompt, [chosen.to_owned(), rejected.to_owned()]))
}

/// The byte at which the answers begin: where two texts with at least one character differ, or at a
/// space before. Where they do not differ, the last character of the shorter one is its answer. (TRL
/// looks for that space even where the first characters differ, and then finds the last character of
/// the text: not so here.)
fn end_of_prompt(chosen: &str, rejected: &str) -> usize {
    let mut end = 0;
    for ((at, one), other) in chosen.char_indices().zip(rejected.chars()) {
        end = at;
        if one != other {
            return chosen[..end].strip_suffix(' ').map_or(end, str::len);
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;
    use crate::data::cell::Cells;
    use crate::data::column_map::ColumnMap;
    use crate::data::preference;
    use crate::data::raw_row::{RawRow, Source};

    fn cell(value: &Value) -> Cell {
        match value {
            Value::String(text) => Cell::Text(text.clone()),
            list => Cell::Messages(serde_json::from_value(list.clone()).unwrap()),
        }
    }

    fn read(input: &Value) -> Result<RawRow> {
        let is_text = input["chosen"].is_string();
        let map = if is_text {
            "implicit-prompt=extract"
        } else {
            "id=id"
        };
        let map: ColumnMap = map.parse().unwrap();
        let source = Source {
            path: Path::new("x"),
            map: &map,
        };
        let mut cells = Cells::default();
        cells.set(Field::Id, Cell::Integer(1));
        for (name, field) in [
            ("prompt", Field::Prompt),
            ("chosen", Field::Chosen),
            ("rejected", Field::Rejected),
        ] {
            if let Some(value) = input.get(name) {
                cells.set(field, cell(value));
            }
        }
        preference::row(source, 0, cells, &Vec::new, true)
    }

    /// One of the cases has answers of several messages, which are refused.
    #[test]
    fn prompts_are_those_of_trl() {
        let text = include_str!("../../tests/data/benchmarks/golden.json");
        let all: Value = serde_json::from_str(text).unwrap();
        let cases = all["trl-prompt"]["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 11);
        for case in cases {
            let (name, expected) = (&case["name"], &case["output"]);
            let is_long = expected["chosen"]
                .as_array()
                .is_some_and(|own| own.len() > 1);
            let found = read(&case["input"]);
            assert_eq!(found.is_err(), is_long, "{name}");
            let Ok(row) = found else { continue };
            let text = |value: &Value| match value {
                Value::String(text) => text.clone(),
                list => list[0]["content"].as_str().unwrap().to_owned(),
            };
            let answers = [row.chosen, row.rejected].map(|own| own.only().unwrap().to_owned());
            assert_eq!(answers[0], text(&expected["chosen"]), "{name}");
            assert_eq!(answers[1], text(&expected["rejected"]), "{name}");
            let prompt = match &expected["prompt"] {
                Value::String(text) => vec![Message::new("user", text)],
                list => serde_json::from_value(list.clone()).unwrap(),
            };
            assert_eq!(row.prompt, prompt, "{name}");
        }
    }

    #[test]
    fn characters_are_not_cut_and_what_holds_no_prompt_is_refused() {
        let split = |chosen: &str, rejected: &str| {
            let at = end_of_prompt(chosen, rejected);
            (chosen[..at].to_owned(), chosen[at..].to_owned())
        };
        assert_eq!(split("é ü", "é ö"), ("é".to_owned(), " ü".to_owned()));
        assert_eq!(split("a  ", "a  b"), ("a ".to_owned(), " ".to_owned()));
        // TRL's prompt is "x" here, as it takes the last character for the one before the first.
        assert_eq!(split("x ", "y"), (String::new(), "x ".to_owned()));
        for (input, says) in [
            (
                serde_json::json!({ "chosen": "", "rejected": "a" }),
                "an empty text",
            ),
            (
                serde_json::json!({ "prompt": "p", "chosen": "a", "rejected": "b" }),
                "need not begin with it",
            ),
        ] {
            let error = read(&input).unwrap_err().render();
            assert!(error.contains(says), "{error}");
        }
    }
}
