//! `config.json` → scalar head.

use serde_json::Value;

use crate::kernels::activation::Activation;
use crate::model::config_keys::Keys;
use crate::support::error::Result;

/// The head of transformers' `DebertaV2ForSequenceClassification` with one label and of
/// `DebertaV2ForMultipleChoice`: they have the same parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalarConfig {
    /// Of the pooler.
    pub activation: Activation,
}

/// A class of transformers with a scalar head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::model::heads) enum Class {
    SequenceClassification,
    MultipleChoice,
}

impl ScalarConfig {
    /// The position whose hidden state is read: `ContextPooler` takes the first, whatever its id.
    pub(in crate::model::heads) const POSITION: usize = 0;

    /// The class of this name.
    pub(in crate::model::heads) fn class(name: &str) -> Option<Class> {
        match name {
            "DebertaV2ForSequenceClassification" => Some(Class::SequenceClassification),
            "DebertaV2ForMultipleChoice" => Some(Class::MultipleChoice),
            _ => None,
        }
    }

    /// Reads the head's part of a configuration.
    pub(in crate::model::heads) fn read(keys: &Keys, class: Class, hidden: usize) -> Result<Self> {
        // The classifier of a multiple-choice model has one row, whatever its labels say.
        if class == Class::SequenceClassification {
            one_label(keys)?;
        }
        if keys.positive("pooler_hidden_size", Some(hidden))? != hidden {
            // transformers cannot multiply them either.
            return Err(keys.refuse("pooler_hidden_size", &format!("hidden_size = {hidden}")));
        }
        Ok(Self {
            activation: keys.activation("pooler_hidden_act", Activation::Gelu)?,
        })
    }
}

/// transformers counts the entries of `id2label`, else it takes `num_labels`, else 2.
fn one_label(keys: &Keys) -> Result<()> {
    const ACCEPTED: &str = "one label: several are no score of an answer";
    if let Some(labels) = keys.get("id2label") {
        return match labels.as_object().map(serde_json::Map::len) {
            Some(1) => Ok(()),
            _ => Err(keys.refuse("id2label", ACCEPTED)),
        };
    }
    match keys.get("num_labels").and_then(Value::as_u64) {
        Some(1) => Ok(()),
        _ => Err(keys.refuse("num_labels", &format!("1, {ACCEPTED}"))),
    }
}
