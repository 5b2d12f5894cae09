//! `raw` and `tulu`: a conversation as one text, in a template of fastchat, through the pipeline of
//! `rewardbench` (`rewardbench/models/pipeline.py`, `prepare_dialogue` in `rewardbench/utils.py`).

use crate::data::Message;
use crate::support::error::Result;
use crate::text::contract::row::{AnswerRow, Unsupported};
use crate::text::tokenizer::{Side, Tokenizer};

/// The largest number of ids, `[CLS]` and `[SEP]` included: `max_length` of `run_rm.py`, whatever
/// the tokenizer's own is.
pub(super) const ROW_MAX: usize = 2048;
/// The row loses its start.
pub(super) const SIDE: Side = Side::Left;

/// The reference takes the first, third, fifth … message for the user's, whatever its role, and
/// asserts that the one before the answer is.
pub(super) fn check(conversation: &[Message]) -> std::result::Result<(), Unsupported> {
    if conversation.len().is_multiple_of(2) {
        Ok(())
    } else {
        Err(Unsupported::NotTheUsersTurn)
    }
}

/// Adds a turn, by its number and content, to a text.
type Write = fn(&mut String, usize, &str);

/// The contents, with nothing between.
pub(super) fn raw(text: &mut String, _turn: usize, content: &str) {
    text.push_str(content);
}

/// A line with the role, then the content and the end of its line, which an empty content lacks.
pub(super) fn tulu(text: &mut String, turn: usize, content: &str) {
    let role = if turn.is_multiple_of(2) {
        "<|user|>\n"
    } else {
        "<|assistant|>\n"
    };
    text.push_str(role);
    if !content.is_empty() {
        text.push_str(content);
        text.push('\n');
    }
}

/// The text of a conversation. `write`: what a turn adds to it.
pub(super) fn text(conversation: &[Message], write: Write) -> String {
    let mut text = String::new();
    for (turn, message) in conversation.iter().enumerate() {
        write(&mut text, turn, &message.content);
    }
    text
}

/// The token row.
pub(super) fn row(
    tokenizer: &Tokenizer,
    conversation: &[Message],
    write: Write,
) -> Result<AnswerRow> {
    let (ids, cut) = tokenizer.segment(&text(conversation, write), ROW_MAX, SIDE)?;
    // The tokens of the prompt alone: a token across its end is counted there.
    let source_cut = match (cut, conversation.split_last()) {
        (0, _) | (_, None) => 0,
        (cut, Some((_, prompt))) => cut.min(tokenizer.encode(&text(prompt, write))?.len()),
    };
    // "A few models have a double bos token": the pipeline masks the first of two. A text can
    // begin so, too.
    let is_first_masked = ids.first() == ids.get(1);
    Ok(AnswerRow {
        is_first_masked,
        second_segment: None,
        source_cut,
        answer_cut: cut - source_cut,
        ids,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_message_has_a_role_and_no_line() {
        let mut text = String::new();
        for (turn, content) in ["a", "", "b", ""].into_iter().enumerate() {
            tulu(&mut text, turn, content);
        }
        assert_eq!(
            text,
            "<|user|>\na\n<|assistant|>\n<|user|>\nb\n<|assistant|>\n"
        );
    }

    #[test]
    fn a_system_message_moves_the_users_turn() {
        let (system, user) = (Message::new("system", "s"), Message::new("user", "u"));
        let answer = Message::new("assistant", "a");
        assert_eq!(check(&[user.clone(), answer.clone()]), Ok(()));
        assert_eq!(
            check(&[system, user, answer]),
            Err(Unsupported::NotTheUsersTurn)
        );
    }
}
