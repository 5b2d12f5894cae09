//! The scalar head over an encoder.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::kernels::activation::Activation;
use crate::model::config_keys::Keys;
use crate::model::heads::scalar::labels::one_label;
use crate::model::linear::Linear;
use crate::model::parameters::Parameters;
use crate::support::error::Result;

/// The head of transformers' `DebertaV2ForSequenceClassification` with one label and of
/// `DebertaV2ForMultipleChoice`: they have the same parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct PooledConfig {
    /// Of the pooler.
    pub activation: Activation,
}

/// A class of transformers with this head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::model::heads) enum Class {
    SequenceClassification,
    MultipleChoice,
}

impl PooledConfig {
    /// The position whose hidden state is read: `ContextPooler` takes the first, whatever its id.
    pub(super) const POSITION: usize = 0;

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

/// `ContextPooler` and classifier of transformers' `modeling_deberta_v2.py`: score =
/// W · activation(P · h + p) + b, without a sigmoid. Its dropouts do nothing in evaluation.
#[derive(Module, Debug)]
pub struct PooledHead {
    pooler: Linear,
    classifier: Linear,
    #[module(skip)]
    config: PooledConfig,
}

impl PooledHead {
    pub(super) fn load(
        from: &mut impl Parameters,
        config: &PooledConfig,
        hidden: usize,
    ) -> Result<Self> {
        let mut linear = |name, output| {
            let mut parts = ["weight", "bias"].into_iter();
            let is_there = parts.all(|part| from.has(&format!("{name}.{part}")));
            Linear::load(from, name, hidden, output).map_err(|error| {
                if is_there {
                    return error;
                }
                error.or_hint(
                    "a score needs the trained pooler and a classifier of one row, for which \
                     transformers would take random numbers",
                )
            })
        };
        Ok(Self {
            pooler: linear("pooler.dense", hidden)?,
            classifier: linear("classifier", 1)?,
            config: config.clone(),
        })
    }

    /// `[rows, hidden]` → the score of each row, `[rows, 1]`.
    pub(super) fn forward(&self, hidden: Tensor<2>) -> Tensor<2> {
        let pooled = self
            .pooler
            .forward_activated(hidden, self.config.activation);
        self.classifier.forward(pooled)
    }
}
