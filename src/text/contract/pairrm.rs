//! PairRM: `rewardbench/models/pairrm.py` (`PairRMPipeline`), which follows
//! `llm_blender/blender/blender_utils.py` (`get_pair_from_conv`).

use std::fmt::Write as _;

use crate::data::Message;
use crate::support::error::Result;
use crate::text::contract::row::{Row, Unsupported, check_shared};
use crate::text::tokenizer::{Side, Tokenizer};

/// As published, with its misspelling; nothing separates the full stop from `USER:`.
const INSTRUCTION: &str = "Finish the following coversation in each i-th turn by filling in \
    <Response i> with your response.";

/// The largest number of ids of the source, `[CLS]` and `[SEP]` included.
pub(super) const SOURCE_MAX: usize = 1224;
/// The source loses its end.
pub(super) const SOURCE_SIDE: Side = Side::Right;
/// The largest number of ids of a candidate beside a source of full length.
pub(super) const CANDIDATE_MAX: usize = 412;

/// The reference asserts that `user` and `assistant` (in lower case) alternate, and that the user's
/// turns are shared.
pub(super) fn check(first: &[Message], second: &[Message]) -> std::result::Result<(), Unsupported> {
    for conversation in [first, second] {
        if !conversation.len().is_multiple_of(2) {
            return Err(Unsupported::OddTurns);
        }
        for (i, message) in conversation.iter().enumerate() {
            let needed = if i % 2 == 0 { "user" } else { "assistant" };
            if message.role != needed {
                return Err(Unsupported::Role {
                    turn: i + 1,
                    found: message.role.clone(),
                    needed,
                });
            }
        }
    }
    check_shared(first, second)
}

/// The token row.
pub(super) fn row(tokenizer: &Tokenizer, first: &[Message], second: &[Message]) -> Result<Row> {
    let (mut ids, source_cut) = tokenizer.segment(
        &format!("<|source|>{}", source(first)),
        SOURCE_MAX,
        SOURCE_SIDE,
    )?;
    // One budget for both candidates, from the source's actual length; what one candidate does not
    // use is not available to the other.
    let budget = (SOURCE_MAX + 2 * CANDIDATE_MAX - ids.len()) / 2;
    let (left, first_cut) = tokenizer.segment(
        &format!("<|candidate1|>{}", candidate(first)),
        budget,
        Side::Right,
    )?;
    let (right, second_cut) = tokenizer.segment(
        &format!("<|candidate2|>{}", candidate(second)),
        budget,
        Side::Right,
    )?;
    ids.extend(left);
    ids.extend(right);
    Ok(Row {
        ids,
        source_cut,
        first_cut,
        second_cut,
    })
}

/// The user's turns, verbatim, with numbered placeholders for the answers.
fn source(conversation: &[Message]) -> String {
    let mut text = INSTRUCTION.to_owned();
    for (i, turn) in conversation.chunks_exact(2).enumerate() {
        let newline = if i == 0 { "" } else { "\n" };
        let _ = write!(
            text,
            "{newline}USER: {}\nAssistant: <Response {}>",
            turn[0].content,
            i + 1
        );
    }
    text
}

/// All answers of one side, verbatim, those of the shared history included.
fn candidate(conversation: &[Message]) -> String {
    let answers: Vec<String> = conversation
        .chunks_exact(2)
        .enumerate()
        .map(|(i, turn)| format!("<Response {}>: {}", i + 1, turn[1].content))
        .collect();
    answers.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instruction_runs_into_the_first_turn_and_contents_are_verbatim() {
        let turns = [
            Message::new("user", " hi \n"),
            Message::new("assistant", "yo "),
            Message::new("user", "bye"),
            Message::new("assistant", ""),
        ];
        assert_eq!(
            source(&turns),
            concat!(
                "Finish the following coversation in each i-th turn by filling in \
                 <Response i> with ",
                "your response.USER:  hi \n\nAssistant: <Response 1>\nUSER: bye\nAssistant: ",
                "<Response 2>",
            )
        );
        assert_eq!(candidate(&turns), "<Response 1>: yo \n<Response 2>: ");
    }

    #[test]
    fn the_references_assertions_are_refusals() {
        let pair = [Message::new("user", "a"), Message::new("assistant", "b")];
        let other = [Message::new("user", "x"), Message::new("assistant", "b")];
        let upper = [Message::new("USER", "a"), Message::new("assistant", "b")];
        assert_eq!(check(&pair, &pair), Ok(()));
        assert_eq!(check(&pair, &other), Err(Unsupported::Shared { turn: 1 }));
        assert_eq!(check(&pair[..1], &pair[..1]), Err(Unsupported::OddTurns));
        assert!(matches!(
            check(&upper, &upper),
            Err(Unsupported::Role { turn: 1, .. })
        ));
    }
}
