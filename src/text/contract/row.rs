//! Token rows, and the reasons why a conversation has none.

use crate::data::Message;
use crate::text::chat_template::NoText;

/// A token row with both answers of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub ids: Vec<u32>,
    /// The number of ids that truncation removed from the prompt, the left and the right answer.
    pub source_cut: usize,
    pub first_cut: usize,
    pub second_cut: usize,
}

/// A token row with one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRow {
    pub ids: Vec<u32>,
    /// Where the second of two segments begins.
    pub second_segment: Option<usize>,
    /// Whether the model is not to see the first token.
    pub is_first_masked: bool,
    /// The number of ids that truncation removed from the prompt and the answer.
    pub source_cut: usize,
    pub answer_cut: usize,
}

/// Why the reference cannot score a pair of conversations: the assertion of its that fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    #[error("the conversation has an odd number of turns")]
    OddTurns,
    #[error("turn {turn} has role `{found}`, the template needs `{needed}`")]
    Role {
        turn: usize,
        found: String,
        needed: &'static str,
    },
    #[error("the two conversations differ in length")]
    Lengths,
    #[error("the two conversations differ at turn {turn}, which the template takes as shared")]
    Shared { turn: usize },
    #[error(
        "the message before the answer is not at a turn of the user: the template counts messages \
         and not roles, a system message among them"
    )]
    NotTheUsersTurn,
    #[error("the checkpoint has no chat template")]
    NoChatTemplate,
    #[error(transparent)]
    ByTemplate(#[from] NoText),
}

/// A conversation's messages before the answer, and the answer.
pub(super) fn split_conversation(conversation: &[Message]) -> (&[Message], &str) {
    match conversation.split_last() {
        Some((answer, history)) => (history, &answer.content),
        None => (&[], ""),
    }
}

/// Checks that both conversations have the same content at the first, third, fifth … turn, which
/// both references take for the user's (`rewardbench/models/pairrm.py` and `betterpairrm.py`).
pub(super) fn check_shared(first: &[Message], second: &[Message]) -> Result<(), Unsupported> {
    if first.len() != second.len() {
        return Err(Unsupported::Lengths);
    }
    match first
        .iter()
        .zip(second)
        .step_by(2)
        .position(|(a, b)| a.content != b.content)
    {
        Some(at) => Err(Unsupported::Shared { turn: 2 * at + 1 }),
        None => Ok(()),
    }
}
