//! Gemma 2: `configuration_gemma2.py` and `modeling_gemma2.py` of transformers. Scores are capped,
//! every other layer has a window, results are normalised, and embeddings are scaled.

use crate::kernels::activation::Activation;
use crate::model::config_keys::Keys;
use crate::model::decoder::config::{Biases, DecoderConfig, RmsNormConfig};
use crate::model::decoder::families::sizes::{self, Missing};
use crate::model::decoder::families::windows;
use crate::support::error::Result;

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "f32 is the type of the arithmetic"
)]
pub(super) fn read(keys: &Keys) -> Result<DecoderConfig> {
    let missing = Missing {
        head_size: Some(256),
        key_heads: Some(4),
    };
    let config = sizes::read(keys, "Gemma 2", &missing)?;
    let attention = keys.flag("attention_bias", false)?;
    let is_positive = |n: f64| n > 0.0;
    let scalar = keys.number("query_pre_attn_scalar", 256.0, is_positive)?;
    Ok(DecoderConfig {
        attention_scale: (1.0 / scalar.sqrt()) as f32,
        soft_cap: soft_cap(keys)?,
        windows: windows::read(keys, config.windows.len(), |layer| layer % 2 == 0)?,
        // `hidden_act`, which older files have besides, is not read by transformers either.
        activation: keys.activation("hidden_activation", Activation::GeluTanh)?,
        norm: RmsNormConfig {
            offset: 1.0,
            ..config.norm
        },
        biases: Biases {
            attention,
            attention_output: attention,
            feed_forward: false,
        },
        normalises_results: true,
        embedding_scale: Some((config.hidden_size as f64).sqrt() as f32),
        ..config
    })
}

/// 50 where the key is missing, none where it is null. (`final_logit_softcapping` is of the
/// vocabulary's logits.)
fn soft_cap(keys: &Keys) -> Result<Option<f32>> {
    const KEY: &str = "attn_logit_softcapping";
    if keys.is_given(KEY) && keys.get(KEY).is_none() {
        return Ok(None);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "f32 is the type of the arithmetic"
    )]
    let cap = keys.number(KEY, 50.0, |cap| cap > 0.0)? as f32;
    Ok(Some(cap))
}
