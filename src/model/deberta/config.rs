//! `config.json` → the hyper-parameters of a DeBERTa-v2/v3 encoder.
//!
//! Key names, defaults and meanings are those of `DebertaV2Config` in Hugging Face transformers.
//! What is not implemented is refused here, by key, found value and accepted values; a
//! configuration that passes cannot fail later.

use serde_json::Value;

use crate::kernels::activation::Activation;
use crate::kernels::relative_positions::{PositionTerms, RelativeConfig};
use crate::model::architecture::Architecture;
use crate::model::config_keys::Keys;
use crate::support::error::Result;

/// The convolution after the first layer (v2-xlarge and v2-xxlarge).
#[derive(Debug, Clone, PartialEq)]
pub struct ConvConfig {
    pub kernel: usize,
    pub groups: usize,
    pub activation: Activation,
}

/// The encoder, as `DebertaV2Model` reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct DebertaConfig {
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub embedding_size: usize,
    pub layers: usize,
    pub heads: usize,
    pub intermediate_size: usize,
    pub activation: Activation,
    pub layer_norm_eps: f64,
    /// Rows of the table of absolute positions, with `position_biased_input`. Longer inputs cannot
    /// be scored then.
    pub absolute_positions: Option<usize>,
    pub type_vocab_size: usize,
    pub relative: Option<RelativeConfig>,
    pub conv: Option<ConvConfig>,
}

impl Architecture for DebertaConfig {
    fn vocabulary(&self) -> usize {
        self.vocab_size
    }

    fn hidden_size(&self) -> usize {
        self.hidden_size
    }

    fn head_size(&self) -> usize {
        self.hidden_size / self.heads
    }

    fn position_terms(&self) -> PositionTerms {
        self.relative
            .as_ref()
            .map_or(PositionTerms::None, |relative| relative.terms)
    }

    fn position_limit(&self) -> Option<usize> {
        self.absolute_positions
    }

    fn segment_limit(&self) -> Option<usize> {
        Some(self.type_vocab_size).filter(|types| *types > 0)
    }

    /// 49 kB in a model of hidden size 1,024, as measured. It is an upper bound where the
    /// feed-forward part is computed for some tokens at a time.
    fn bytes_per_token(&self) -> usize {
        (8 * self.hidden_size + self.intermediate_size) * size_of::<f32>()
    }

    /// Of all layers: the linear layers, and the attention's content and position products. The
    /// last layer is counted whole.
    #[expect(clippy::cast_precision_loss, reason = "sizes of a model")]
    fn operations(&self, tokens: usize) -> f64 {
        let (h, inner, n) = (
            self.hidden_size as f64,
            self.intermediate_size as f64,
            tokens as f64,
        );
        let positions = self.relative.as_ref().map_or(0.0, |relative| {
            let reached = (2 * tokens).min(2 * relative.span()) as f64;
            (relative.terms.count() - 1) as f64 * reached
        });
        2.0 * self.layers as f64 * n * (4.0 * h * h + 2.0 * h * inner + 2.0 * n * h + positions * h)
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let sizes = format!(
            "{} layers, hidden size {}, {} heads, intermediate size {}, vocabulary {}",
            self.layers, self.hidden_size, self.heads, self.intermediate_size, self.vocab_size
        );
        let positions = match &self.relative {
            None => "no relative positions".to_owned(),
            Some(relative) => {
                let buckets = relative
                    .buckets
                    .map_or_else(|| "linear".to_owned(), |n| format!("{n} log buckets"));
                let distance = relative.max_distance;
                format!("relative, {buckets} up to distance {distance}")
            }
        };
        vec![("encoder", sizes), ("positions", positions)]
    }
}

impl DebertaConfig {
    /// Reads the encoder's part of a configuration.
    pub(in crate::model) fn read(keys: &Keys) -> Result<Self> {
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
            // transformers would build projections whose size its own output layer does not accept.
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
        Ok(Self {
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
        // The logarithmic branch divides by ln((M − 1) / mid): M − 1 must exceed mid, and mid 0.
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

/// `pos_att_type` is a list in newer files and a `c2p|p2c` string in older ones; deberta-v3-large
/// was published with both.
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
        // An even kernel shortens the sequence; transformers fails at the residual sum then.
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The count of the DeBERTa-v3-large encoder's linear layers by hand: 24 · 12 · 1024² weights.
    #[test]
    fn operations_of_the_large_model() {
        let text = include_str!("../../../tests/data/golden/models/tiny-pairrm/config.json");
        let keys = Keys::parse(text, Path::new("config.json")).unwrap();
        let mut config = DebertaConfig::read(&keys).unwrap();
        (config.layers, config.hidden_size, config.intermediate_size) = (24, 1024, 4096);
        let linear = 2.0 * 24.0 * 12.0 * 1024.0 * 1024.0;
        assert!((config.operations(1) / linear - 1.0).abs() < 1e-3);
        // Twice the tokens: twice the linear layers, four times the attention's content.
        config.relative = None;
        let (one, two) = (
            config.operations(512) - 512.0 * linear,
            config.operations(1024) - 1024.0 * linear,
        );
        assert!((two / one - 4.0).abs() < 1e-9);
    }
}
