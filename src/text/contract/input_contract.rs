//! The known input contracts, by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::data::{Item, Message};
use crate::support::error::Result;
use crate::text::contract::row::{Row, Unsupported};
use crate::text::contract::{better_pairrm, pairrm};
use crate::text::tokenizer::{Side, Tokenizer};

/// The token rows of an item, or the reason why it has none.
#[derive(Debug, Clone)]
pub enum Encoded {
    /// For a pairwise head: the row with the chosen answer on the left, then the row with the
    /// rejected answer on the left. Rows of single answers, for scalar heads, will be another
    /// variant.
    BothOrders([Row; 2]),
    /// Why the reference cannot score the item.
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

/// Hub repositories whose contract is known without a `pairbench.toml`.
const REPOSITORIES: [(&str, InputContract); 3] = [
    ("llm-blender/PairRM-hf", InputContract::PairRm),
    ("maywell/Better-PairRM", InputContract::BetterPairRm),
    // The name under which RewardBench registers the same model.
    ("mightbe/Better-PairRM", InputContract::BetterPairRm),
];

impl InputContract {
    /// The contract of a hub repository, where it is known.
    pub fn of_repository(repository: &str) -> Option<Self> {
        REPOSITORIES
            .iter()
            .find(|(known, _)| *known == repository)
            .map(|(_, contract)| *contract)
    }

    /// The hub repositories that are known to have it.
    pub(crate) fn repositories(self) -> impl Iterator<Item = &'static str> {
        let known = REPOSITORIES.iter();
        known
            .filter(move |(_, contract)| *contract == self)
            .map(|(repository, _)| *repository)
    }

    pub const ALL: [Self; 2] = [Self::PairRm, Self::BetterPairRm];

    /// All names, for errors.
    pub fn names() -> String {
        NAMES.map(|(name, _)| name).join(", ")
    }

    /// The truncation limits, for fingerprints and people.
    pub fn limits(self) -> String {
        let (source, candidate) = match self {
            Self::PairRm => (pairrm::SOURCE_MAX, pairrm::CANDIDATE_MAX),
            Self::BetterPairRm => (better_pairrm::SOURCE_MAX, better_pairrm::CANDIDATE_MAX),
        };
        format!("source {source}, candidate {candidate}")
    }

    /// The side from which a prompt that is too long is cut; answers lose their end.
    pub(crate) fn source_side(self) -> Side {
        match self {
            Self::PairRm => pairrm::SOURCE_SIDE,
            Self::BetterPairRm => better_pairrm::SOURCE_SIDE,
        }
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

    /// Checks that the model family accepts these conversations; each ends with one of the two
    /// answers.
    ///
    /// # Errors
    /// The first of the reference's assertions that fails.
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

    /// The token row with `first` on the left and `second` on the right; both must have passed
    /// [`Self::check`].
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
                .find(|(_, contract)| contract == self)
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
            .map(|(_, contract)| *contract)
            .ok_or_else(|| format!("unknown template `{text}`, known: {}", Self::names()))
    }
}
