//! Messages that somebody wrote into a text, as Python's `str()`, pandas' `.astype(str)` and its
//! `to_csv` leave them.
//!
//! Prompts and answers may be JSON or Python of any kind, and may begin with a bracket. Only a text
//! that is nothing but a message, or a list of them, by known speakers counts; and lists of strings,
//! where a file has nothing else.

use crate::data::cell::{Cell, Cells};
use crate::data::column_map::Field;
use crate::data::json_text::JsonText;
use crate::data::raw_row::{RawRow, Source};
use crate::data::row_place::RowPlace;
use crate::support::error::Result;

/// What the speakers of conversations are called.
const ROLES: [&str; 12] = [
    "system",
    "developer",
    "user",
    "human",
    "prompter",
    "assistant",
    "gpt",
    "bot",
    "chatbot",
    "model",
    "tool",
    "function",
];

/// Refuses a row with such a prompt or answer: it would be scored with its braces and quotes.
pub(crate) fn refuse(row: &RowPlace, cells: &Cells) -> Result<()> {
    let is_such =
        |field: &Field| matches!(cells.get(*field), Some(Cell::Text(text)) if is_messages(text));
    // A single answer may well be a message in JSON, where that was asked for.
    let are_both = [Field::Chosen, Field::Rejected].iter().all(is_such);
    let field = if is_such(&Field::Prompt) {
        Field::Prompt
    } else if are_both {
        Field::Chosen
    } else {
        return Ok(());
    };
    let error = row.bad(field, "messages that are written as text");
    Err(error.hint(
        "write JSON Lines or Parquet, where messages are lists of {role, content}, without str() \
         or .astype(str); an answer that really is such a text stands in a list, a prompt in a \
         message of the user",
    ))
}

/// Whether prompt and answers are each a list of strings that is written as text, a string for each
/// turn, as LMSYS has them.
pub(crate) fn are_lists(cells: &Cells) -> bool {
    let is_such = |field| matches!(cells.get(field), Some(Cell::Text(text)) if is_list(text));
    [Field::Prompt, Field::Chosen, Field::Rejected]
        .into_iter()
        .all(is_such)
}

fn is_list(text: &str) -> bool {
    let mut json = JsonText::new(text);
    let turns = json.list().filter(|_| json.is_at_end()).unwrap_or_default();
    let is_turn = |turn: &&str| turn.starts_with('"') || *turn == "null";
    !turns.is_empty() && turns.iter().all(is_turn)
}

/// Refuses a file all of whose rows are such. One of many may be meant so.
pub(crate) fn refuse_lists(source: Source, rows: &[RawRow]) -> Result<()> {
    if rows.is_empty() || !rows.iter().all(|row| row.is_list_text) {
        return Ok(());
    }
    let error = source.bad("every prompt and answer is a list of strings that is written as text");
    Err(error.hint(
        "write JSON Lines or Parquet with prompts as texts, or as lists of {role, content}, and \
         the last answers as texts; an answer that really is such a text stands in a list, a \
         prompt in a message of the user",
    ))
}

/// Whether a text is a message or a list of them, in Python's or in JSON's notation.
fn is_messages(text: &str) -> bool {
    let object = || {
        let text = text.trim();
        let object = match text.strip_prefix('[') {
            Some(list) => list.strip_suffix(']')?.trim(),
            None => text,
        };
        object.strip_prefix('{')?.strip_suffix('}')
    };
    let Some(object) = object() else {
        return false;
    };
    let begins_with = |key| values(object, key).any(|(at, _)| object[..at].trim().is_empty());
    let is_role = |(_, value): (usize, &str)| {
        let quoted = value.strip_prefix(['\'', '"']);
        let end = quoted.and_then(|text| text.find(['\'', '"']));
        let role = quoted
            .zip(end)
            .map(|(text, end)| text[..end].to_lowercase());
        role.is_some_and(|role| ROLES.contains(&role.as_str()))
    };
    // As TRL has them, and as ShareGPT.
    [["role", "content"], ["from", "value"]]
        .iter()
        .any(|[role, content]| {
            (begins_with(role) || begins_with(content))
                && values(object, role).any(is_role)
                && values(object, content).next().is_some()
        })
}

/// Where a key stands, and the text that begins with its value.
fn values<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    text.match_indices(key).filter_map(move |(at, _)| {
        let quote = text[..at]
            .chars()
            .next_back()
            .filter(|c| "'\"".contains(*c))?;
        let rest = text[at + key.len()..].strip_prefix(quote)?;
        let value = rest.trim_start().strip_prefix(':')?;
        Some((at - 1, value.trim_start()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_in_python_and_json_are_known() {
        for text in [
            "[{'role': 'user', 'content': 'hi'}]",
            "{'role': 'assistant', 'content': 'hi'}",
            " [ {\"content\" : \"it's\", \"role\" : \"User\"} ]\n",
            "[{'content': \"it's 'so'\", 'name': None, 'role': 'assistant'}]",
            // As numpy writes an array of them.
            "[{'content': 'q', 'role': 'user'}\n {'content': 'a', 'role': 'assistant'}]",
            "{'role': 'user', 'content': [{'type': 'text', 'text': 'q'}]}",
            "{\"role\":\"tool\",\"content\":null}",
            "[{'from': 'human', 'value': 'hi'}, {'from': 'gpt', 'value': 'hello'}]",
        ] {
            assert!(is_messages(text), "{text}");
        }
    }

    #[test]
    fn lists_of_strings_are_known() {
        for text in [r#"["a"]"#, r#" ["a", null] "#, r#"["\ud83d"]"#] {
            assert!(is_list(text), "{text}");
        }
        for text in ["[]", "[1]", r#"["a"] and more"#, "a", r#"["a""#, "['a']"] {
            assert!(!is_list(text), "{text}");
        }
    }

    #[test]
    fn other_texts_with_brackets_are_texts() {
        for text in [
            "",
            "[",
            "{}",
            "[]",
            "['a']",
            "['b', 'c']",
            "[1] First of all, the role of content: it is 'role': 'user'.",
            "{'role': 'admin', 'content': 'x'}",
            "{\"role\": \"user\"}",
            "{\"model\": \"m\", \"messages\": [{\"role\": \"user\", \"content\": \"q\"}]}",
            "[{'type': 'text', 'text': 'q'}]",
            "[{'role': 'user', 'content': 'q'}] is a conversation; what is its role?",
            "What is [{'role': 'user', 'content': 'q'}]",
            "messages = [{'role': 'user', 'content': 'q'}]",
            "{'é': 'role', 'x': 'content'}",
            "{role: 'user', content: 'q'}",
        ] {
            assert!(!is_messages(text), "{text}");
        }
    }
}
