//! The known input contracts, by name.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::data::{Item, Message};
use crate::support::error::{Error, Result};
use crate::text::chat_template::NoText;
use crate::text::contract::answer_contract::AnswerContract;
use crate::text::contract::pair_contract::PairContract;
use crate::text::contract::pairranker::RowLengths;
use crate::text::contract::row::{AnswerRow, Row, Unsupported};
use crate::text::tokenizer::{Side, Tokenizer};

/// The token rows of an item, or the reason why it has none.
#[derive(Debug, Clone)]
pub enum Encoded {
    Rows(ItemRows),
    /// Why the reference cannot score the item.
    Unscorable(String),
}

/// The token rows of an item, by what the number of a row is.
#[derive(Debug, Clone)]
pub enum ItemRows {
    /// The preference of the answer on the left: a row for each of the item's ordered pairs, in
    /// their order.
    Preferences(Vec<Row>),
    /// The score of an answer: a row for each, the chosen ones first.
    Scores(Vec<AnswerRow>),
}

/// The known contracts, by the head that reads their rows; `template=` and `--template` on the
/// command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputContract {
    Pairwise(PairContract),
    Scalar(AnswerContract),
}

impl InputContract {
    /// Those of pairwise heads first.
    pub fn all() -> impl Iterator<Item = Self> {
        let pairwise = PairContract::ALL.into_iter().map(Self::Pairwise);
        pairwise.chain(AnswerContract::ALL.into_iter().map(Self::Scalar))
    }

    /// The names of contracts, for errors.
    pub fn names(contracts: impl IntoIterator<Item = Self>) -> String {
        let names: Vec<&str> = contracts.into_iter().map(Self::name).collect();
        names.join(", ")
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pairwise(contract) => contract.name(),
            Self::Scalar(contract) => contract.name(),
        }
    }

    /// The truncation limits, for fingerprints and people.
    pub fn limits(self) -> String {
        match self {
            Self::Pairwise(contract) => contract.limits(),
            Self::Scalar(contract) => contract.limits(),
        }
    }

    /// With these lengths, where the contract leaves them to a model's configuration.
    #[must_use]
    pub fn with_lengths(self, lengths: RowLengths) -> Self {
        match self {
            Self::Pairwise(PairContract::PairRanker(_)) => {
                Self::Pairwise(PairContract::PairRanker(lengths))
            }
            other => other,
        }
    }

    /// Whether there is a length at which texts are cut.
    pub(crate) fn cuts(self) -> bool {
        match self {
            Self::Pairwise(_) => true,
            Self::Scalar(contract) => contract.cuts(),
        }
    }

    /// The side from which a prompt that is too long is cut.
    pub(crate) fn source_side(self) -> Side {
        match self {
            Self::Pairwise(contract) => contract.source_side(),
            Self::Scalar(contract) => contract.source_side(),
        }
    }

    /// The side from which an answer that is too long is cut.
    pub(crate) fn answer_side(self) -> Side {
        match self {
            Self::Pairwise(_) => Side::Right,
            Self::Scalar(contract) => contract.answer_side(),
        }
    }

    /// The token rows of an item.
    ///
    /// # Errors
    /// The tokenizer's.
    pub fn encode(self, tokenizer: &Tokenizer, item: &Item) -> Result<Encoded> {
        let answers = item.answers().into_iter();
        let conversations: Vec<_> = answers.map(|answer| item.conversation(answer)).collect();
        match self {
            Self::Pairwise(contract) => {
                let pairs = item.ordered_pairs();
                preferences(contract, tokenizer, &conversations, &pairs)
            }
            Self::Scalar(contract) => scores(contract, tokenizer, &conversations),
        }
    }
}

fn preferences(
    contract: PairContract,
    tokenizer: &Tokenizer,
    conversations: &[Vec<Message>],
    pairs: &[[usize; 2]],
) -> Result<Encoded> {
    let sides = |pair: &[usize; 2]| pair.map(|at| &conversations[at]);
    for [left, right] in pairs.iter().map(sides) {
        if let Err(unsupported) = contract.check(left, right) {
            return Ok(Encoded::Unscorable(unsupported.to_string()));
        }
    }
    let row = |[left, right]: [&Vec<Message>; 2]| contract.row(tokenizer, left, right);
    let rows = pairs.iter().map(sides).map(row).collect::<Result<_>>()?;
    Ok(Encoded::Rows(ItemRows::Preferences(rows)))
}

fn scores(
    contract: AnswerContract,
    tokenizer: &Tokenizer,
    conversations: &[Vec<Message>],
) -> Result<Encoded> {
    for conversation in conversations {
        match contract.check(tokenizer, conversation) {
            Ok(()) => {}
            Err(Unsupported::ByTemplate(why)) if why.is_fatal() => return Err(fatal(why)),
            Err(unsupported) => return Ok(Encoded::Unscorable(unsupported.to_string())),
        }
    }
    let row = |conversation: &Vec<Message>| contract.row(tokenizer, conversation);
    let rows = conversations.iter().map(row).collect::<Result<_>>()?;
    Ok(Encoded::Rows(ItemRows::Scores(rows)))
}

/// The error of a template with which nothing can be rendered.
fn fatal(why: NoText) -> Error {
    let hint = if why == NoText::Endless {
        "replace the chat template of the checkpoint: chat_template.jinja, or the key \
         `chat_template` of tokenizer_config.json"
    } else {
        "allow more threads, or more memory for their stacks of 256 MB: ulimit -u, ulimit -v"
    };
    Error::bad_input("failed to render a conversation")
        .caused_by(why)
        .hint(hint)
}

impl fmt::Display for InputContract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for InputContract {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let known = Self::all().find(|contract| contract.name() == text);
        known.ok_or_else(|| {
            format!(
                "unknown template `{text}`, known: {}",
                Self::names(Self::all())
            )
        })
    }
}

impl Serialize for InputContract {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for InputContract {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        name.parse().map_err(D::Error::custom)
    }
}
