//! `config.json` → which head it is.

use crate::model::config_keys::Keys;
use crate::model::heads::pairwise::{MarkerError, PairwiseConfig};
use crate::model::heads::scalar::{LastTokenConfig, PooledConfig, ScalarConfig};
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
    /// Reads the head's part of a configuration, on a decoder with this vocabulary.
    pub(in crate::model) fn read_on_decoder(keys: &Keys, vocabulary: usize) -> Result<Self> {
        check_storage(keys)?;
        let config = LastTokenConfig::read(keys, vocabulary)?;
        Ok(Self::Scalar(ScalarConfig::LastToken(config)))
    }

    /// Reads the head's part of a configuration, on an encoder with this vocabulary and hidden
    /// size.
    pub(in crate::model) fn read_on_encoder(
        keys: &Keys,
        vocabulary: usize,
        hidden: usize,
    ) -> Result<Self> {
        check_storage(keys)?;
        let classes = keys.classes();
        if let Some(class) = classes.iter().find_map(|class| PooledConfig::class(class)) {
            let config = PooledConfig::read(keys, class, hidden)?;
            return Ok(Self::Scalar(ScalarConfig::Pooled(config)));
        }
        let has_other_head = classes
            .iter()
            .any(|class| class.starts_with(CLASSES_WITH_HEAD));
        if has_other_head || keys.get("source_prefix_id").is_none() {
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

    /// With the padding token that `choose` takes, given the configuration's own, where the head
    /// needs one.
    #[must_use]
    pub(crate) fn with_pad(self, choose: impl FnOnce(Option<i64>) -> Option<i64>) -> Self {
        match self {
            Self::Scalar(ScalarConfig::LastToken(LastTokenConfig { pad })) => {
                Self::Scalar(ScalarConfig::LastToken(LastTokenConfig {
                    pad: choose(pad),
                }))
            }
            other => other,
        }
    }

    /// The positions whose hidden states the head reads, of a row with these ids.
    ///
    /// # Errors
    /// A marker of a pairwise head that is missing or occurs more than once.
    pub fn positions(&self, ids: &[u32]) -> std::result::Result<Vec<usize>, MarkerError> {
        match self {
            Self::Pairwise(config) => config.markers(ids).map(Vec::from),
            Self::Scalar(config) => Ok(vec![config.position(ids)]),
        }
    }
}

/// Refuses weights that are stored in fewer bits.
fn check_storage(keys: &Keys) -> Result<()> {
    match keys.get("quantization_config") {
        None => Ok(()),
        Some(_) => Err(keys.refuse("quantization_config", "nothing: weights must not be packed")),
    }
}
