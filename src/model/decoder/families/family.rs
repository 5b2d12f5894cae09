//! Which family a `config.json` is of.

use crate::model::config_keys::Keys;
use crate::model::decoder::config::DecoderConfig;
use crate::model::decoder::families::{gemma2, llama, mistral, qwen2, qwen3};
use crate::support::error::Result;

/// A family of decoders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::model) enum Family {
    Llama,
    Mistral,
    Qwen2,
    Qwen3,
    Gemma2,
}

impl Family {
    pub(in crate::model) const ALL: [Self; 5] = [
        Self::Llama,
        Self::Mistral,
        Self::Qwen2,
        Self::Qwen3,
        Self::Gemma2,
    ];

    /// Its `model_type`.
    pub(in crate::model) fn model_type(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Mistral => "mistral",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Gemma2 => "gemma2",
        }
    }

    /// Its class in transformers that gives a text a score.
    pub(in crate::model) fn class(self) -> &'static str {
        match self {
            Self::Llama => "LlamaForSequenceClassification",
            Self::Mistral => "MistralForSequenceClassification",
            Self::Qwen2 => "Qwen2ForSequenceClassification",
            Self::Qwen3 => "Qwen3ForSequenceClassification",
            Self::Gemma2 => "Gemma2ForSequenceClassification",
        }
    }

    /// The family of a `model_type`.
    pub(in crate::model) fn of(model_type: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|family| family.model_type() == model_type)
    }

    /// Reads the decoder's part of a configuration.
    pub(in crate::model) fn read(self, keys: &Keys) -> Result<DecoderConfig> {
        match self {
            Self::Llama => llama::read(keys),
            Self::Mistral => mistral::read(keys),
            Self::Qwen2 => qwen2::read(keys),
            Self::Qwen3 => qwen3::read(keys),
            Self::Gemma2 => gemma2::read(keys),
        }
    }
}
