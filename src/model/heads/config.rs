//! `config.json` → which head it is.

use serde_json::Value;

use crate::model::config_keys::Keys;
use crate::model::heads::pairwise::{MarkerError, PairwiseConfig};
use crate::model::heads::scalar::ScalarConfig;
use crate::support::error::Result;

/// A head, as a configuration describes it.
#[derive(Debug, Clone, PartialEq)]
pub enum HeadConfig {
    /// Prefers one of two answers.
    Pairwise(PairwiseConfig),
    /// A score for one answer.
    Scalar(ScalarConfig),
}

/// How the classes of transformers with a head on a DeBERTa-v2 encoder begin.
const CLASSES_WITH_HEAD: &str = "DebertaV2For";

const ACCEPTED: &str = "\"DebertaV2ForSequenceClassification\" with one label, \
    \"DebertaV2ForMultipleChoice\", or the pairwise head of PairRM with its key `source_prefix_id`";

impl HeadConfig {
    /// Reads the head's part of a configuration, on an encoder with this vocabulary and hidden
    /// size.
    pub(in crate::model) fn read(keys: &Keys, vocabulary: usize, hidden: usize) -> Result<Self> {
        if keys.get("quantization_config").is_some() {
            return Err(keys.refuse("quantization_config", "nothing: weights must not be packed"));
        }
        let classes = classes(keys);
        if let Some(class) = classes.iter().find_map(|class| ScalarConfig::class(class)) {
            return ScalarConfig::read(keys, class, hidden).map(Self::Scalar);
        }
        let has_other_head = classes
            .iter()
            .any(|class| class.starts_with(CLASSES_WITH_HEAD));
        let is_unknown = !classes.is_empty() && keys.get("source_prefix_id").is_none();
        if has_other_head || is_unknown {
            return Err(keys.refuse("architectures", ACCEPTED));
        }
        PairwiseConfig::read(keys, vocabulary).map(Self::Pairwise)
    }

    /// The name of the kind of head.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pairwise(_) => "pairwise",
            Self::Scalar(_) => "scalar",
        }
    }

    /// The positions whose hidden states the head reads, of a row with these ids.
    ///
    /// # Errors
    /// A marker of a pairwise head that is missing or occurs more than once.
    pub fn positions(&self, ids: &[u32]) -> std::result::Result<Vec<usize>, MarkerError> {
        match self {
            Self::Pairwise(config) => config.markers(ids).map(Vec::from),
            Self::Scalar(_) => Ok(vec![ScalarConfig::POSITION]),
        }
    }
}

/// What the configuration calls its classes.
fn classes<'a>(keys: &'a Keys) -> Vec<&'a str> {
    let names = keys.get("architectures").and_then(Value::as_array);
    let names = names.into_iter().flatten();
    names.filter_map(Value::as_str).collect()
}
