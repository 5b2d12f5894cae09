//! Input contracts: how a model family turns an item into token rows.

mod better_pairrm;
mod pairrm;
mod row;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::data::{Item, Message};
use crate::support::error::Result;
use crate::text::tokenizer::Tokenizer;

pub use better_pairrm::render as better_pairrm_source;
pub use row::{Row, Unsupported};

/// An item as its input contract writes it.
#[derive(Debug, Clone)]
pub enum Encoded {
    /// For a pairwise head, a pair with the chosen answer on the left, then with the rejected one.
    /// Scores of single answers will be another variant, for scalar heads.
    BothOrders([Row; 2]),
    /// Why the reference has no row for it.
    Unscorable(String),
}

/// The known contracts; `template=` and `--template` on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputContract {
    #[serde(rename = "pairrm")]
    PairRm,
    #[serde(rename = "better-pairrm")]
    BetterPairRm,
}

const NAMES: [(&str, InputContract); 2] = [
    ("pairrm", InputContract::PairRm),
    ("better-pairrm", InputContract::BetterPairRm),
];

/// Hub repositories whose template is known without a sidecar file.
const REPOSITORIES: [(&str, InputContract); 3] = [
    ("llm-blender/PairRM-hf", InputContract::PairRm),
    ("maywell/Better-PairRM", InputContract::BetterPairRm),
    // The name under which RewardBench registers the same model.
    ("mightbe/Better-PairRM", InputContract::BetterPairRm),
];

impl InputContract {
    pub fn of_repository(repository: &str) -> Option<Self> {
        REPOSITORIES
            .iter()
            .find(|(known, _)| *known == repository)
            .map(|(_, template)| *template)
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

    /// The token rows of an item.
    ///
    /// # Errors
    /// The tokenizer's.
    pub fn encode(self, tokenizer: &Tokenizer, item: &Item) -> Result<Encoded> {
        let Some(answers) = item.pair() else {
            return Ok(Encoded::Unscorable(
                "it has more than two answers".to_owned(),
            ));
        };
        let [chosen, rejected] = answers.map(|answer| item.conversation(answer));
        let orders = [(&chosen, &rejected), (&rejected, &chosen)];
        for (first, second) in orders {
            if let Err(unsupported) = self.check(first, second) {
                return Ok(Encoded::Unscorable(unsupported.to_string()));
            }
        }
        let row =
            |(first, second): (&Vec<Message>, &Vec<Message>)| self.row(tokenizer, first, second);
        Ok(Encoded::BothOrders([row(orders[0])?, row(orders[1])?]))
    }

    /// Whether the family takes these conversations; both are whole and end with the answer to judge.
    ///
    /// # Errors
    /// What the reference asserts of them.
    pub fn check(
        self,
        first: &[Message],
        second: &[Message],
    ) -> std::result::Result<(), Unsupported> {
        match self {
            Self::PairRm => pairrm::check(first, second),
            Self::BetterPairRm => better_pairrm::check(first, second),
        }
    }

    /// The token row with `first` on the left and `second` on the right, which [`Self::check`] took.
    ///
    /// # Errors
    /// The tokenizer's.
    pub fn row(self, tokenizer: &Tokenizer, first: &[Message], second: &[Message]) -> Result<Row> {
        match self {
            Self::PairRm => pairrm::row(tokenizer, first, second),
            Self::BetterPairRm => better_pairrm::row(tokenizer, first, second),
        }
    }
}

impl fmt::Display for InputContract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            NAMES
                .iter()
                .find(|(_, template)| template == self)
                .map_or("", |(name, _)| name),
        )
    }
}

impl FromStr for InputContract {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        NAMES
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, template)| *template)
            .ok_or_else(|| format!("unknown template `{text}`, known: {}", Self::names()))
    }
}
