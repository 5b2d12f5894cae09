//! What every input contract makes, and why it may not.

use crate::data::Message;

/// A token row of two answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub ids: Vec<u32>,
    /// Ids that truncation took from the prompt, from the left answer and from the right one.
    pub source_cut: usize,
    pub first_cut: usize,
    pub second_cut: usize,
}

/// Why the reference has no row for a pair of conversations: its assertion, in words.
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
}

/// Both conversations have the same content at every even turn: the users' turns, as both
/// references assume (`rewardbench/models/pairrm.py` and `betterpairrm.py`).
pub fn check_shared(first: &[Message], second: &[Message]) -> Result<(), Unsupported> {
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
