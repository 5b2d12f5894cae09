//! `config.json` of LLM-Blender's own layout: the ranker's configuration. That of the encoder and
//! the tokenizer are those of another repository, the backbone.

use std::path::Path;

use serde_json::Value;

use crate::model::config::ModelConfig;
use crate::model::config_keys::Keys;
use crate::model::deberta::DebertaConfig;
use crate::model::heads::HeadConfig;
use crate::model::heads::pairwise::PairwiseConfig;
use crate::model::transformer::TransformerConfig;
use crate::support::error::Result;

/// `RankerConfig` of `llm_blender/pair_ranker/config.py`, of a `pairranker`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankerConfig {
    n_tasks: usize,
    /// The largest number of ids of a source.
    pub source_max: usize,
    /// The largest number of ids of a candidate beside a source of full length.
    pub candidate_max: usize,
    /// What was fine-tuned: `model_name`.
    pub backbone: String,
}

impl RankerConfig {
    /// Reads the text of a `config.json`; `None` where it is no ranker's. `path` is for the errors.
    ///
    /// # Errors
    /// The key whose value is not accepted, with what was found and what is accepted.
    pub fn parse(text: &str, path: &Path) -> Result<Option<Self>> {
        let keys = Keys::parse(text, path)?;
        let Some(kind) = keys.get("ranker_type") else {
            return Ok(None);
        };
        if kind.as_str() != Some("pairranker") {
            return Err(keys.refuse("ranker_type", "\"pairranker\""));
        }
        if keys.get("model_type").and_then(Value::as_str) != Some("deberta") {
            return Err(keys.refuse("model_type", "\"deberta\", beside `ranker_type`"));
        }
        if keys
            .get("reduce_type")
            .is_some_and(|kind| kind.as_str() != Some("linear"))
        {
            return Err(keys.refuse("reduce_type", "\"linear\""));
        }
        // llm-blender/pair-ranker spells both keys in the second way, which `llm_blender` 0.0.2
        // does not read.
        let length = |key: &str, other: &str| {
            let key = if keys.get(key).is_some() { key } else { other };
            match keys.positive(key, None)? {
                ..MARKED => Err(keys.refuse(key, &format!("at least {MARKED}"))),
                n => Ok(n),
            }
        };
        Ok(Some(Self {
            n_tasks: keys.positive("n_tasks", Some(1))?,
            source_max: length("source_maxlength", "source_max_length")?,
            candidate_max: length("candidate_maxlength", "candidate_max_length")?,
            backbone: keys
                .get("model_name")
                .and_then(Value::as_str)
                .ok_or_else(|| keys.refuse("model_name", "the name of the backbone"))?
                .to_owned(),
        }))
    }

    /// The model: this head on the encoder of a backbone, whose `config.json` has this text.
    /// `vocabulary`: of the tokenizer with the markers, as llm-blender resizes the embeddings to
    /// it; `markers`: the ids of source, first and second candidate.
    ///
    /// # Errors
    /// The key of the backbone whose value is not accepted.
    pub fn on(
        &self,
        backbone: &str,
        path: &Path,
        vocabulary: usize,
        [source, cand1, cand2]: [u32; 3],
    ) -> Result<ModelConfig> {
        let keys = Keys::parse(backbone, path)?;
        let encoder = DebertaConfig {
            vocab_size: vocabulary,
            ..DebertaConfig::read(&keys)?
        };
        let head = HeadConfig::Pairwise(PairwiseConfig {
            n_tasks: self.n_tasks,
            source_prefix_id: source,
            cand1_prefix_id: cand1,
            cand2_prefix_id: cand2,
        });
        Ok(ModelConfig {
            transformer: TransformerConfig::Deberta(encoder),
            head,
        })
    }
}

/// `[CLS]`, a marker and `[SEP]`: a text cut to less has no marker.
const MARKED: usize = 3;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(config: &Value) -> Result<Option<RankerConfig>> {
        RankerConfig::parse(&config.to_string(), Path::new("config.json"))
    }

    #[test]
    fn both_spellings_of_the_lengths_are_read() {
        let config = |source: &str, candidate: &str| {
            json!({ "ranker_type": "pairranker", "model_type": "deberta",
                "model_name": "microsoft/deberta-v3-large", source: 128, candidate: 127 })
        };
        for (source, candidate) in [
            ("source_maxlength", "candidate_maxlength"),
            ("source_max_length", "candidate_max_length"),
        ] {
            let found = parse(&config(source, candidate)).unwrap().unwrap();
            assert_eq!((found.source_max, found.candidate_max), (128, 127));
        }
        assert!(parse(&config("source_maxlength", "other")).is_err());
        assert_eq!(parse(&json!({ "model_type": "deberta-v2" })).unwrap(), None);
        let mut other = config("source_maxlength", "candidate_maxlength");
        other["ranker_type"] = json!("summareranker");
        let error = parse(&other).unwrap_err().to_string();
        assert!(
            error.contains("`ranker_type`") && error.contains("summareranker"),
            "{error}"
        );
    }
}
