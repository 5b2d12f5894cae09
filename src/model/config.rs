//! `config.json` → an architecture under a head.

use std::path::Path;

use serde_json::Value;

use crate::model::architecture::Architecture;
use crate::model::config_keys::Keys;
use crate::model::deberta::DebertaConfig;
use crate::model::decoder::Family;
use crate::model::heads::HeadConfig;
use crate::model::heads::pairwise::MarkerError;
use crate::model::token_rows::{InputRow, TokenRow};
use crate::model::transformer::TransformerConfig;
use crate::support::error::Result;

/// An architecture under a head.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    pub transformer: TransformerConfig,
    pub head: HeadConfig,
}

impl ModelConfig {
    /// The architecture under the head.
    pub fn architecture(&self) -> &dyn Architecture {
        self.transformer.architecture()
    }

    /// Reads the text of a `config.json`; `path` is for the errors.
    ///
    /// # Errors
    /// The key whose value is not accepted, with what was found and what is accepted.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let keys = Keys::parse(text, path)?;
        let model_type = keys.get("model_type").and_then(Value::as_str);
        if let Some(family) = model_type.and_then(Family::of) {
            return Self::of_decoder(&keys, family);
        }
        if model_type != Some("deberta-v2") {
            // An unknown class says more than the type.
            let is_known = |class: &&str| {
                class.starts_with("DebertaV2") || Family::ALL.iter().any(|f| f.class() == *class)
            };
            return Err(if keys.classes().iter().all(is_known) {
                keys.refuse("model_type", &types_that_load())
            } else {
                keys.refuse("architectures", &what_loads())
            });
        }
        let encoder = DebertaConfig::read(&keys)?;
        let (vocabulary, hidden) = (encoder.vocab_size, encoder.hidden_size);
        Ok(Self {
            head: HeadConfig::read_on_encoder(&keys, vocabulary, hidden)?,
            transformer: TransformerConfig::Deberta(encoder),
        })
    }

    fn of_decoder(keys: &Keys, family: Family) -> Result<Self> {
        // transformers goes by `model_type` alone, and takes random numbers for a head that the
        // weights lack: a class of another name has another head.
        let classes = keys.classes();
        if !classes.is_empty() && !classes.contains(&family.class()) {
            return Err(keys.refuse("architectures", &what_loads()));
        }
        let decoder = family.read(keys)?;
        Ok(Self {
            head: HeadConfig::read_on_decoder(keys, decoder.vocab_size)?,
            transformer: TransformerConfig::Decoder(decoder),
        })
    }

    /// With the padding token that `choose` takes, given the configuration's own.
    #[must_use]
    pub(crate) fn with_pad(self, choose: impl FnOnce(Option<i64>) -> Option<i64>) -> Self {
        Self {
            head: self.head.with_pad(choose),
            ..self
        }
    }

    /// A token row with what the head reads of it.
    ///
    /// # Errors
    /// A marker of a pairwise head that is missing or occurs more than once.
    pub fn input_row<'a>(
        &self,
        tokens: TokenRow<'a>,
    ) -> std::result::Result<InputRow<'a>, MarkerError> {
        let positions = self.head.positions(tokens.ids)?;
        Ok(InputRow { tokens, positions })
    }

    /// What the tensors below the head are called: transformers names the encoder of its own
    /// classes after the architecture, every decoder `model`, and `DebertaV2PairRM` has a name of
    /// its own.
    pub(super) fn transformer_name(&self) -> &'static str {
        match (&self.transformer, &self.head) {
            (TransformerConfig::Decoder(_), _) => "model",
            (TransformerConfig::Deberta(_), HeadConfig::Pairwise(_)) => "pretrained_model",
            (TransformerConfig::Deberta(_), HeadConfig::Scalar(_)) => "deberta",
        }
    }
}

/// Each `model_type`, for errors.
fn types_that_load() -> String {
    let decoders = Family::ALL.map(|family| format!("\"{}\"", family.model_type()));
    format!(
        "\"deberta-v2\" (DeBERTa v2 and v3), {}",
        decoders.join(", ")
    )
}

/// The classes of all models, for errors.
fn what_loads() -> String {
    let decoders = Family::ALL.map(Family::class).join(", ");
    format!(
        "DeBERTa (model_type \"deberta-v2\": DebertaV2ForSequenceClassification, \
         DebertaV2ForMultipleChoice, DebertaV2PairRM) and, with one label, {decoders}; a head of \
         its own (a value head, gates, several objectives) and code of a repository are not \
         computed"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kernels::activation::Activation;
    use crate::kernels::relative_positions::PositionTerms;

    fn config(changes: &Value) -> Result<ModelConfig> {
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
        ModelConfig::parse(&base.to_string(), Path::new("config.json"))
    }

    fn encoder(config: &ModelConfig) -> &DebertaConfig {
        match &config.transformer {
            TransformerConfig::Deberta(encoder) => encoder,
            TransformerConfig::Decoder(_) => panic!("a decoder"),
        }
    }

    #[test]
    fn the_published_family_loads() {
        for (hidden, heads, layers) in [(384, 6, 12), (768, 12, 6), (768, 12, 12), (1024, 16, 24)] {
            let c = config(&json!({
                "hidden_size": hidden, "num_attention_heads": heads, "num_hidden_layers": layers
            }))
            .unwrap();
            let encoder = encoder(&c);
            assert_eq!(encoder.relative.as_ref().unwrap().span(), 256);
            assert_eq!(encoder.absolute_positions, None);
        }
        let xlarge = config(&json!({
            "hidden_size": 1536, "num_attention_heads": 24,
            "conv_kernel_size": 3, "conv_act": "gelu"
        }))
        .unwrap();
        assert_eq!(encoder(&xlarge).conv.as_ref().unwrap().kernel, 3);
        assert!(config(&json!({"vocab_size": 251_000})).is_ok());
    }

    #[test]
    fn pos_att_type_as_list_and_as_string_mean_the_same() {
        let string = config(&json!({"pos_att_type": " C2P | p2c"})).unwrap();
        let list = config(&json!({"pos_att_type": ["p2c", "c2p"]})).unwrap();
        assert_eq!(string, list);
        let relative = encoder(&list).relative.as_ref();
        assert_eq!(relative.unwrap().terms, PositionTerms::Both);
    }

    #[test]
    fn defaults_are_those_of_transformers() {
        let c = config(
            &json!({"relative_attention": null, "position_biased_input": null, "hidden_act": null}),
        )
        .unwrap();
        let encoder = encoder(&c);
        assert_eq!(encoder.relative, None);
        assert_eq!(encoder.absolute_positions, Some(512));
        assert_eq!(encoder.activation, Activation::Gelu);
    }

    #[test]
    fn refusals_name_key_found_and_accepted() {
        for (changes, key, found) in [
            (json!({"model_type": "bert"}), "model_type", "\"bert\""),
            (
                json!({
                    "model_type": null, "architectures": ["LlamaForSequenceClassification"]
                }),
                "model_type",
                "nothing, accepted: \"deberta-v2\" (DeBERTa v2 and v3), \"llama\"",
            ),
            (
                json!({"model_type": null, "architectures": ["LlamaForRewardModel"]}),
                "architectures",
                "LlamaForRewardModel",
            ),
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
