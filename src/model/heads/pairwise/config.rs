//! `config.json` → encoder and pairwise head.

use std::path::Path;

use crate::model::architecture::Architecture;
use crate::model::config_keys::Keys;
use crate::model::deberta::DebertaConfig;
use crate::support::error::Result;

/// An encoder under the pairwise head of PairRM.
#[derive(Debug, Clone, PartialEq)]
pub struct PairConfig {
    pub encoder: DebertaConfig,
    pub n_tasks: usize,
    pub source_prefix_id: u32,
    pub cand1_prefix_id: u32,
    pub cand2_prefix_id: u32,
}

impl PairConfig {
    /// The encoder under the head.
    pub fn architecture(&self) -> &dyn Architecture {
        &self.encoder
    }

    /// Reads the text of a `config.json`; `path` is for the errors.
    ///
    /// # Errors
    /// The key whose value is not accepted, with what was found and what is accepted.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let keys = Keys::parse(text, path)?;
        let encoder = DebertaConfig::read(&keys)?;
        let id = |key: &str| -> Result<u32> {
            let id = keys.size(key, None)?;
            if id >= encoder.vocab_size {
                return Err(keys.refuse(
                    key,
                    &format!("an id below vocab_size {}", encoder.vocab_size),
                ));
            }
            Ok(u32::try_from(id).unwrap_or(u32::MAX))
        };
        let config = Self {
            n_tasks: keys.positive("n_tasks", Some(1))?,
            source_prefix_id: id("source_prefix_id")?,
            cand1_prefix_id: id("cand1_prefix_id")?,
            cand2_prefix_id: id("cand2_prefix_id")?,
            encoder,
        };
        if config.cand1_prefix_id == config.cand2_prefix_id
            || config.source_prefix_id == config.cand1_prefix_id
            || config.source_prefix_id == config.cand2_prefix_id
        {
            return Err(keys.refuse(
                "cand2_prefix_id",
                "three different ids for source, cand1 and cand2",
            ));
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kernels::activation::Activation;
    use crate::kernels::relative_positions::PositionTerms;

    fn config(changes: &Value) -> Result<PairConfig> {
        let mut base = json!({
            "model_type": "deberta-v2", "vocab_size": 128_005, "hidden_size": 1024,
            "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096,
            "hidden_act": "gelu", "relative_attention": true, "position_buckets": 256,
            "max_relative_positions": -1, "max_position_embeddings": 512,
            "norm_rel_ebd": "layer_norm", "share_att_key": true, "pos_att_type": "p2c|c2p",
            "position_biased_input": false, "type_vocab_size": 0, "source_prefix_id": 128_001,
            "cand1_prefix_id": 128_002, "cand2_prefix_id": 128_003
        });
        for (key, value) in changes.as_object().unwrap() {
            base[key] = value.clone();
        }
        PairConfig::parse(&base.to_string(), Path::new("config.json"))
    }

    #[test]
    fn the_published_family_loads() {
        for (hidden, heads, layers) in [(384, 6, 12), (768, 12, 6), (768, 12, 12), (1024, 16, 24)] {
            let c = config(&json!({
                "hidden_size": hidden, "num_attention_heads": heads, "num_hidden_layers": layers
            }))
            .unwrap();
            assert_eq!(c.encoder.relative.as_ref().unwrap().span(), 256);
            assert_eq!(c.encoder.absolute_positions, None);
        }
        let xlarge = config(&json!({
            "hidden_size": 1536, "num_attention_heads": 24,
            "conv_kernel_size": 3, "conv_act": "gelu"
        }))
        .unwrap();
        assert_eq!(xlarge.encoder.conv.unwrap().kernel, 3);
        assert!(config(&json!({"vocab_size": 251_000})).is_ok());
    }

    #[test]
    fn pos_att_type_as_list_and_as_string_mean_the_same() {
        let string = config(&json!({"pos_att_type": " C2P | p2c"})).unwrap();
        let list = config(&json!({"pos_att_type": ["p2c", "c2p"]})).unwrap();
        assert_eq!(string, list);
        assert_eq!(list.encoder.relative.unwrap().terms, PositionTerms::Both);
    }

    #[test]
    fn defaults_are_those_of_transformers() {
        let c = config(
            &json!({"relative_attention": null, "position_biased_input": null, "hidden_act": null}),
        )
        .unwrap();
        assert_eq!(c.encoder.relative, None);
        assert_eq!(c.encoder.absolute_positions, Some(512));
        assert_eq!(c.encoder.activation, Activation::Gelu);
    }

    #[test]
    fn refusals_name_key_found_and_accepted() {
        for (changes, key, found) in [
            (json!({"model_type": "bert"}), "model_type", "\"bert\""),
            (
                json!({"hidden_size": 4_294_967_296_u64}),
                "hidden_size",
                "4294967296",
            ),
            (json!({"hidden_size": "big"}), "hidden_size", "\"big\""),
            (
                json!({"num_attention_heads": 7}),
                "num_attention_heads",
                "7",
            ),
            (json!({"vocab_size": 100}), "source_prefix_id", "128001"),
            (json!({"hidden_act": "swiglu"}), "hidden_act", "swiglu"),
            (json!({"conv_kernel_size": 2}), "conv_kernel_size", "2"),
            (json!({"pos_att_type": ["p2p"]}), "pos_att_type", "p2p"),
            (json!({"position_buckets": 1}), "position_buckets", "1"),
            (json!({"n_tasks": 0}), "n_tasks", "0"),
            (
                json!({"source_prefix_id": null}),
                "source_prefix_id",
                "nothing",
            ),
            (json!({"layer_norm_eps": "x"}), "layer_norm_eps", "x"),
        ] {
            let message = config(&changes).unwrap_err().to_string();
            assert!(
                message.contains(&format!("`{key}`"))
                    && message.contains(found)
                    && message.contains("accepted"),
                "{message}"
            );
        }
    }
}
