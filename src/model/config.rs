//! `config.json` → the hyper-parameters of the encoder and of the pair head.
//!
//! Key names, defaults and meanings are those of `DebertaV2Config` in Hugging Face transformers.
//! What is not implemented is refused here, by key, found value and accepted values; nothing that
//! passes can fail later.

use std::path::Path;

use serde_json::{Map, Value};

use crate::kernels::activation::Activation;
use crate::kernels::relative_positions::{PositionTerms, RelativeConfig};
use crate::support::error::{Error, Result};

/// The convolution after the first layer (v2-xlarge and v2-xxlarge).
#[derive(Debug, Clone, PartialEq)]
pub struct ConvConfig {
    pub kernel: usize,
    pub groups: usize,
    pub activation: Activation,
}

/// The encoder, as `DebertaV2Model` reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderConfig {
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub embedding_size: usize,
    pub layers: usize,
    pub heads: usize,
    pub intermediate_size: usize,
    pub activation: Activation,
    pub layer_norm_eps: f64,
    /// Rows of the absolute position table, where `position_biased_input` asks for one. Longer
    /// inputs cannot be scored then.
    pub absolute_positions: Option<usize>,
    pub type_vocab_size: usize,
    pub relative: Option<RelativeConfig>,
    pub conv: Option<ConvConfig>,
}

/// Encoder plus the pair head of PairRM.
#[derive(Debug, Clone, PartialEq)]
pub struct PairConfig {
    pub encoder: EncoderConfig,
    pub n_tasks: usize,
    pub source_prefix_id: u32,
    pub cand1_prefix_id: u32,
    pub cand2_prefix_id: u32,
}

/// Above this a size is a typing error or an attack, not a model: refused before memory is taken.
const MAX_SIZE: u64 = 1 << 24;

impl PairConfig {
    /// Reads the text of a `config.json`; `path` is for the errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(|e| {
            Error::bad_input(format!("failed to parse config: {}", path.display())).caused_by(e)
        })?;
        let Value::Object(map) = value else {
            return Err(Error::bad_input(format!(
                "failed to parse config: {} is not a JSON object",
                path.display()
            )));
        };
        let keys = Keys { map: &map, path };
        let encoder = encoder(&keys)?;
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

fn encoder(keys: &Keys) -> Result<EncoderConfig> {
    if keys.get("model_type").and_then(Value::as_str) != Some("deberta-v2") {
        return Err(keys.refuse("model_type", "\"deberta-v2\" (DeBERTa v2 and v3)"));
    }
    let hidden_size = keys.positive("hidden_size", None)?;
    let heads = keys.positive("num_attention_heads", None)?;
    if !hidden_size.is_multiple_of(heads) {
        return Err(keys.refuse(
            "num_attention_heads",
            &format!("a divisor of hidden_size {hidden_size}"),
        ));
    }
    let head_size = hidden_size / heads;
    if keys.positive("attention_head_size", Some(head_size))? != head_size {
        // transformers would build projections that its own output layer cannot take.
        return Err(keys.refuse(
            "attention_head_size",
            &format!("hidden_size / num_attention_heads = {head_size}"),
        ));
    }
    let max_positions = keys.positive("max_position_embeddings", Some(512))?;
    let eps = keys
        .get("layer_norm_eps")
        .map_or(Some(1e-7), Value::as_f64)
        .filter(|eps| *eps > 0.0 && *eps < 1.0);
    Ok(EncoderConfig {
        vocab_size: keys.positive("vocab_size", None)?,
        hidden_size,
        embedding_size: keys.positive("embedding_size", Some(hidden_size))?,
        layers: keys.positive("num_hidden_layers", None)?,
        heads,
        intermediate_size: keys.positive("intermediate_size", None)?,
        activation: keys.activation("hidden_act", Activation::Gelu)?,
        layer_norm_eps: eps
            .ok_or_else(|| keys.refuse("layer_norm_eps", "a number between 0 and 1"))?,
        absolute_positions: keys
            .flag("position_biased_input", true)?
            .then_some(max_positions),
        type_vocab_size: keys.size("type_vocab_size", Some(0))?,
        relative: relative(keys, max_positions)?,
        conv: conv(keys, hidden_size)?,
    })
}

fn relative(keys: &Keys, max_positions: usize) -> Result<Option<RelativeConfig>> {
    if !keys.flag("relative_attention", false)? {
        return Ok(None);
    }
    let max_relative = keys.signed("max_relative_positions", -1)?;
    let buckets = usize::try_from(keys.signed("position_buckets", -1)?)
        .ok()
        .filter(|b| *b > 0);
    let max_distance = usize::try_from(max_relative)
        .ok()
        .filter(|m| *m > 0)
        .unwrap_or(max_positions);
    if let Some(b) = buckets {
        // The log branch divides by ln((M-1)/mid): M-1 must lie beyond mid, and mid above 0.
        if b < 2 || max_distance <= b / 2 + 1 {
            return Err(keys.refuse(
                "position_buckets",
                &format!("-1, or 2 to below twice the maximal distance {max_distance}"),
            ));
        }
    }
    let normalised = match keys.get("norm_rel_ebd") {
        None => false,
        Some(Value::String(kinds)) => {
            for kind in split(kinds) {
                if kind != "none" && kind != "layer_norm" {
                    return Err(keys.refuse("norm_rel_ebd", "\"none\" or \"layer_norm\""));
                }
            }
            split(kinds).any(|kind| kind == "layer_norm")
        }
        Some(_) => return Err(keys.refuse("norm_rel_ebd", "\"none\" or \"layer_norm\"")),
    };
    Ok(Some(RelativeConfig {
        terms: position_terms(keys)?,
        shared_keys: keys.flag("share_att_key", false)?,
        buckets,
        max_distance,
        normalised,
    }))
}

/// `pos_att_type` is a list in newer files and a `c2p|p2c` string in older ones: deberta-v3-large
/// has been published with both.
fn position_terms(keys: &Keys) -> Result<PositionTerms> {
    let accepted = "a list of, or a |-separated string of, \"c2p\" and \"p2c\"";
    let names: Vec<String> = match keys.get("pos_att_type") {
        None => Vec::new(),
        Some(Value::String(text)) => split(text).collect(),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(|s| s.trim().to_lowercase()))
            .collect::<Option<_>>()
            .ok_or_else(|| keys.refuse("pos_att_type", accepted))?,
        Some(_) => return Err(keys.refuse("pos_att_type", accepted)),
    };
    if names.iter().any(|name| name != "c2p" && name != "p2c") {
        return Err(keys.refuse("pos_att_type", accepted));
    }
    let has = |term: &str| names.iter().any(|name| name == term);
    Ok(match (has("c2p"), has("p2c")) {
        (true, true) => PositionTerms::Both,
        (true, false) => PositionTerms::C2p,
        (false, true) => PositionTerms::P2c,
        (false, false) => PositionTerms::None,
    })
}

fn conv(keys: &Keys, hidden_size: usize) -> Result<Option<ConvConfig>> {
    let kernel = keys.size("conv_kernel_size", Some(0))?;
    if kernel == 0 {
        return Ok(None);
    }
    if kernel.is_multiple_of(2) || kernel > 1023 {
        // An even kernel shortens the sequence, and transformers then fails on the residual sum.
        return Err(keys.refuse("conv_kernel_size", "0 or an odd size below 1024"));
    }
    let groups = keys.positive("conv_groups", Some(1))?;
    if !hidden_size.is_multiple_of(groups) {
        return Err(keys.refuse(
            "conv_groups",
            &format!("a divisor of hidden_size {hidden_size}"),
        ));
    }
    Ok(Some(ConvConfig {
        kernel,
        groups,
        activation: keys.activation("conv_act", Activation::Tanh)?,
    }))
}

fn split(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split('|')
        .map(|part| part.trim().to_lowercase())
        .filter(|part| !part.is_empty())
}

/// Typed look-ups whose errors name file, key, found and accepted.
struct Keys<'a> {
    map: &'a Map<String, Value>,
    path: &'a Path,
}

impl Keys<'_> {
    /// The value; `null` counts as absent, as `getattr` with a default treats it upstream.
    fn get(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    fn refuse(&self, key: &str, accepted: &str) -> Error {
        let found = self
            .get(key)
            .map_or_else(|| "nothing".to_owned(), Value::to_string);
        let found: String = found.chars().take(80).collect();
        Error::bad_input(format!(
            "failed to read config: {}: key `{key}`: found {found}, accepted: {accepted}",
            self.path.display()
        ))
    }

    fn size(&self, key: &str, default: Option<usize>) -> Result<usize> {
        let accepted = format!("an integer from 0 to {MAX_SIZE}");
        match (self.get(key), default) {
            (None, Some(default)) => Ok(default),
            (value, _) => value
                .and_then(Value::as_u64)
                .filter(|n| *n <= MAX_SIZE)
                .and_then(|n| usize::try_from(n).ok())
                .ok_or_else(|| self.refuse(key, &accepted)),
        }
    }

    fn positive(&self, key: &str, default: Option<usize>) -> Result<usize> {
        match self.size(key, default)? {
            0 => Err(self.refuse(key, "a positive integer")),
            n => Ok(n),
        }
    }

    fn signed(&self, key: &str, default: i64) -> Result<i64> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_i64()
                .filter(|n| n.unsigned_abs() <= MAX_SIZE)
                .ok_or_else(|| self.refuse(key, "an integer; -1 for the default")),
        }
    }

    fn flag(&self, key: &str, default: bool) -> Result<bool> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.refuse(key, "true or false")),
        }
    }

    fn activation(&self, key: &str, default: Activation) -> Result<Activation> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_str()
                .and_then(Activation::from_name)
                .ok_or_else(|| self.refuse(key, &Activation::names().join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(changes: &Value) -> Result<PairConfig> {
        let mut base = json!({
            "model_type": "deberta-v2", "vocab_size": 128_005, "hidden_size": 1024, "num_hidden_layers": 24,
            "num_attention_heads": 16, "intermediate_size": 4096, "hidden_act": "gelu", "relative_attention": true,
            "position_buckets": 256, "max_relative_positions": -1, "max_position_embeddings": 512,
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
            let c = config(&json!({"hidden_size": hidden, "num_attention_heads": heads, "num_hidden_layers": layers})).unwrap();
            assert_eq!(c.encoder.relative.as_ref().unwrap().span(), 256);
            assert_eq!(c.encoder.absolute_positions, None);
        }
        let xlarge = config(&json!({"hidden_size": 1536, "num_attention_heads": 24, "conv_kernel_size": 3, "conv_act": "gelu"})).unwrap();
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
