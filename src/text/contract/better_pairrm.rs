//! Better-PairRM: `rewardbench/models/betterpairrm.py` (`BetterPairRMPipeline`).

use crate::data::Message;
use crate::support::error::Result;
use crate::text::contract::row::{Row, Unsupported, check_shared};
use crate::text::python_text::strip;
use crate::text::tokenizer::{Side, Tokenizer};

/// The largest number of ids of the source, its marker segment included.
pub(super) const SOURCE_MAX: usize = 2030;
/// The source loses its start.
pub(super) const SOURCE_SIDE: Side = Side::Left;
/// The largest number of ids of a candidate before the second tokenization.
pub(super) const CANDIDATE_MAX: usize = 670;
/// What follows every rendered message: the indentation of the template itself.
const GAP: &str = "\n    \n    ";

/// Only the lengths and the shared turns are asserted, whatever the roles. With a system message
/// first the answers themselves are at a shared turn, so that different answers are refused, as in
/// the reference.
pub(super) fn check(first: &[Message], second: &[Message]) -> std::result::Result<(), Unsupported> {
    check_shared(first, second)
}

/// The token row.
pub(super) fn row(tokenizer: &Tokenizer, first: &[Message], second: &[Message]) -> Result<Row> {
    // Every text is truncated, encoded and decoded before it is encoded again, short ones too:
    // white space collapses, and unknown characters and special tokens in the text disappear.
    let (source, early_source_cut) =
        tokenizer.round_trip(&render(history(first)), SOURCE_MAX, SOURCE_SIDE)?;
    let (left, early_first_cut) =
        tokenizer.round_trip(answer(first), CANDIDATE_MAX, Side::Right)?;
    let (right, early_second_cut) =
        tokenizer.round_trip(answer(second), CANDIDATE_MAX, Side::Right)?;

    // The marker is a segment of its own, `[CLS] <|source|> [SEP]`; the text is the next segment.
    let (mut ids, _) = tokenizer.segment("<|source|>", SOURCE_MAX, Side::Right)?;
    let (body, source_cut) = tokenizer.segment(&source, SOURCE_MAX - ids.len(), SOURCE_SIDE)?;
    ids.extend(body);
    let budget = (SOURCE_MAX + 2 * CANDIDATE_MAX - ids.len()) / 2;
    let (left, first_cut) =
        tokenizer.segment(&format!("<|candidate1|>{left}"), budget, Side::Right)?;
    let (right, second_cut) =
        tokenizer.segment(&format!("<|candidate2|>{right}"), budget, Side::Right)?;
    ids.extend(left);
    ids.extend(right);
    Ok(Row {
        ids,
        source_cut: early_source_cut + source_cut,
        first_cut: early_first_cut + first_cut,
        second_cut: early_second_cut + second_cut,
    })
}

/// All messages but the last. Each order uses the history of its left conversation.
fn history(conversation: &[Message]) -> &[Message] {
    &conversation[..conversation.len().saturating_sub(1)]
}

/// The last message, without trimming and label.
fn answer(conversation: &[Message]) -> &str {
    conversation.last().map_or("", |message| &message.content)
}

/// The chat template of the checkpoint, for the source: trimmed contents with labels, and
/// `ASSISTANT: ` at the end unless the last message is the assistant's. A message with another role
/// leaves only its indentation.
pub fn render(messages: &[Message]) -> String {
    let mut text = String::new();
    for message in messages {
        let label = match message.role.as_str() {
            "user" | "user_context" => "USER: ",
            "assistant" => "ASSISTANT: ",
            "system" => "SYSTEM MESSAGE: ",
            _ => {
                text.push_str("\n    ");
                continue;
            }
        };
        text.push_str(label);
        text.push_str(strip(&message.content));
        text.push_str(GAP);
    }
    if messages
        .last()
        .is_none_or(|message| message.role != "assistant")
    {
        text.push_str("ASSISTANT: ");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_message_moves_the_answers_to_a_shared_turn() {
        let conversation = |answer| {
            [
                Message::new("system", "s"),
                Message::new("user", "u"),
                Message::new("assistant", answer),
            ]
        };
        assert_eq!(
            check(&conversation("a"), &conversation("b")),
            Err(Unsupported::Shared { turn: 3 })
        );
        assert_eq!(check(&conversation("a"), &conversation("a")), Ok(()));
    }
}
