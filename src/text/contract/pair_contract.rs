//! Input contracts of pairwise heads: a token row has both answers of a pair.

use crate::data::Message;
use crate::support::error::Result;
use crate::text::contract::pairranker::RowLengths;
use crate::text::contract::row::{Row, Unsupported};
use crate::text::contract::{better_pairrm, pairranker, pairrm};
use crate::text::tokenizer::{Side, Tokenizer};

/// The contracts of models that prefer one of two answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairContract {
    PairRm,
    BetterPairRm,
    /// With the lengths of the ranker's configuration, else those of PairRM.
    PairRanker(RowLengths),
}

impl PairContract {
    pub const ALL: [Self; 3] = [
        Self::PairRm,
        Self::BetterPairRm,
        Self::PairRanker(RowLengths::PAIRRM),
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PairRm => "pairrm",
            Self::BetterPairRm => "better-pairrm",
            Self::PairRanker(_) => "pairranker",
        }
    }

    /// The truncation limits, for fingerprints and people.
    pub(super) fn limits(self) -> String {
        let (source, candidate) = match self {
            Self::PairRm => (pairrm::SOURCE_MAX, pairrm::CANDIDATE_MAX),
            Self::BetterPairRm => (better_pairrm::SOURCE_MAX, better_pairrm::CANDIDATE_MAX),
            Self::PairRanker(lengths) => (lengths.source, lengths.candidate),
        };
        format!("source {source}, candidate {candidate}")
    }

    /// The side from which a prompt that is too long is cut; answers lose their end.
    pub(super) fn source_side(self) -> Side {
        match self {
            Self::PairRm => pairrm::SOURCE_SIDE,
            Self::BetterPairRm => better_pairrm::SOURCE_SIDE,
            Self::PairRanker(_) => pairranker::SOURCE_SIDE,
        }
    }

    /// Whether the reference defines it for prompts of one message only.
    pub(crate) fn is_single_turn(self) -> bool {
        matches!(self, Self::PairRanker(_))
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
            Self::PairRanker(_) => Ok(()),
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
            Self::PairRanker(lengths) => pairranker::row(tokenizer, lengths, first, second),
        }
    }
}
