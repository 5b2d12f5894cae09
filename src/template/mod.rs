//! How a model family turns two conversations into one token row.

mod better_pairrm;
mod pairrm;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::tokens::Tokenizer;

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct Message {
    pub role: String,
    pub content: String,
}

impl Message {
    pub fn new(role: &str, content: &str) -> Self {
        Self { role: role.to_owned(), content: content.to_owned() }
    }
}

/// The known families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Template {
    #[serde(rename = "pairrm")]
    PairRm,
    #[serde(rename = "better-pairrm")]
    BetterPairRm,
}

const NAMES: [(&str, Template); 2] = [("pairrm", Template::PairRm), ("better-pairrm", Template::BetterPairRm)];

/// Hub repositories whose template is known without a sidecar file.
const REPOSITORIES: [(&str, Template); 3] = [
    ("llm-blender/PairRM-hf", Template::PairRm),
    ("maywell/Better-PairRM", Template::BetterPairRm),
    // The name under which RewardBench registers the same model.
    ("mightbe/Better-PairRM", Template::BetterPairRm),
];

/// A token row and how many ids truncation took from each part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub ids: Vec<u32>,
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
    Role { turn: usize, found: String, needed: &'static str },
    #[error("the two conversations differ in length")]
    Lengths,
    #[error("the two conversations differ at turn {turn}, which the template takes as shared")]
    Shared { turn: usize },
}

impl Template {
    pub fn of_repository(repository: &str) -> Option<Self> {
        REPOSITORIES.iter().find(|(known, _)| *known == repository).map(|(_, template)| *template)
    }

    pub const ALL: [Self; 2] = [Self::PairRm, Self::BetterPairRm];

    pub fn names() -> String {
        NAMES.map(|(name, _)| name).join(", ")
    }

    /// Truncation settings.
    pub fn limits(self) -> String {
        let (source, candidate) = match self {
            Self::PairRm => (pairrm::SOURCE_MAX, pairrm::CANDIDATE_MAX),
            Self::BetterPairRm => (better_pairrm::SOURCE_MAX, better_pairrm::CANDIDATE_MAX),
        };
        format!("source {source}, candidate {candidate}")
    }

    /// The token row with `first` on the left and `second` on the right. Both are whole
    /// conversations that end with the answer to judge.
    ///
    /// The outer error is the tokenizer's; the inner one says that the template does not take
    /// such conversations.
    pub fn row(self, tokenizer: &Tokenizer, first: &[Message], second: &[Message]) -> Result<std::result::Result<Row, Unsupported>> {
        let checked = match self {
            Self::PairRm => pairrm::check(first, second),
            Self::BetterPairRm => better_pairrm::check(first, second),
        };
        if let Err(unsupported) = checked {
            return Ok(Err(unsupported));
        }
        match self {
            Self::PairRm => pairrm::row(tokenizer, first, second),
            Self::BetterPairRm => better_pairrm::row(tokenizer, first, second),
        }
        .map(Ok)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(_, template)| template == self).map_or("", |(name, _)| name))
    }
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        NAMES
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, template)| *template)
            .ok_or_else(|| format!("unknown template `{text}`, known: {}", Self::names()))
    }
}

/// Both conversations have the same content at every even turn: the users' turns, as both
/// references assume (`rewardbench/models/pairrm.py` and `betterpairrm.py`).
fn check_shared(first: &[Message], second: &[Message]) -> std::result::Result<(), Unsupported> {
    if first.len() != second.len() {
        return Err(Unsupported::Lengths);
    }
    match first.iter().zip(second).step_by(2).position(|(a, b)| a.content != b.content) {
        Some(at) => Err(Unsupported::Shared { turn: 2 * at + 1 }),
        None => Ok(()),
    }
}

pub use better_pairrm::render as better_pairrm_source;
