//! Input contracts of scalar heads: a token row has one answer.

use crate::data::Message;
use crate::support::error::Result;
use crate::text::contract::row::{AnswerRow, Unsupported};
use crate::text::contract::{chat, fastchat, segments};
use crate::text::tokenizer::{Side, Tokenizer};

/// The contracts of models that give one answer a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerContract {
    /// `[CLS] question [SEP] answer [SEP]`, as model cards do it.
    Pair,
    /// All contents with nothing between, through RewardBench's pipeline.
    Raw,
    /// `<|user|>` and `<|assistant|>` lines, through RewardBench's pipeline: what it does with a
    /// tokenizer that has no chat template.
    Tulu,
    /// As `pair`, with both texts tokenized and decoded once before: `llm_blender`.
    Blender,
    /// The checkpoint's chat template, through RewardBench's pipeline.
    Chat,
    /// The checkpoint's chat template, as model cards use it.
    Card,
}

impl AnswerContract {
    pub const ALL: [Self; 6] = [
        Self::Pair,
        Self::Raw,
        Self::Tulu,
        Self::Blender,
        Self::Chat,
        Self::Card,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Raw => "raw",
            Self::Tulu => "tulu",
            Self::Blender => "blender",
            Self::Chat => "chat",
            Self::Card => "card",
        }
    }

    /// The truncation limits, for fingerprints and people.
    pub(super) fn limits(self) -> String {
        match self {
            Self::Pair | Self::Card => "none".to_owned(),
            Self::Raw | Self::Tulu | Self::Chat => format!("row {}", fastchat::ROW_MAX),
            Self::Blender => "each text the tokenizer's model_max_length".to_owned(),
        }
    }

    /// Whether there is a length at which texts are cut.
    pub(super) fn cuts(self) -> bool {
        !matches!(self, Self::Pair | Self::Card)
    }

    /// The side from which a prompt that is too long is cut.
    pub(super) fn source_side(self) -> Side {
        match self {
            Self::Raw | Self::Tulu | Self::Chat => fastchat::SIDE,
            Self::Pair | Self::Blender | Self::Card => Side::Right,
        }
    }

    /// The side from which an answer that is too long is cut.
    pub(super) fn answer_side(self) -> Side {
        // A row is cut from the left: the prompt first, then the start of the answer.
        self.source_side()
    }

    /// Whether the reference defines it for prompts of one message only.
    pub(crate) fn is_single_turn(self) -> bool {
        matches!(self, Self::Pair | Self::Blender)
    }

    /// Whether it renders conversations with the checkpoint's chat template.
    pub(crate) fn has_chat_template(self) -> bool {
        matches!(self, Self::Chat | Self::Card)
    }

    /// Checks that the reference accepts this conversation; its last message is the answer.
    ///
    /// # Errors
    /// The reference's assertion that fails, or the template's reason.
    pub fn check(
        self,
        tokenizer: &Tokenizer,
        conversation: &[Message],
    ) -> std::result::Result<(), Unsupported> {
        match self {
            Self::Raw | Self::Tulu => fastchat::check(conversation),
            Self::Pair | Self::Blender => Ok(()),
            Self::Chat | Self::Card => chat::text(tokenizer, conversation).map(drop),
        }
    }

    /// What is tokenized, where it is one text, of a conversation that passed [`Self::check`].
    pub fn text(self, tokenizer: &Tokenizer, conversation: &[Message]) -> Option<String> {
        match self {
            Self::Raw => Some(fastchat::text(conversation, fastchat::raw)),
            Self::Tulu => Some(fastchat::text(conversation, fastchat::tulu)),
            Self::Pair | Self::Blender => None,
            Self::Chat => chat::text(tokenizer, conversation).ok(),
            Self::Card => chat::card_text(tokenizer, conversation).ok(),
        }
    }

    /// The token row of a conversation that passed [`Self::check`].
    ///
    /// # Errors
    /// The tokenizer's.
    pub fn row(self, tokenizer: &Tokenizer, conversation: &[Message]) -> Result<AnswerRow> {
        match self {
            Self::Raw => fastchat::row(tokenizer, conversation, fastchat::raw),
            Self::Tulu => fastchat::row(tokenizer, conversation, fastchat::tulu),
            Self::Pair => segments::row(tokenizer, conversation),
            Self::Blender => segments::row_after_round_trip(tokenizer, conversation),
            Self::Chat => chat::row(tokenizer, conversation),
            Self::Card => chat::card_row(tokenizer, conversation),
        }
    }
}
