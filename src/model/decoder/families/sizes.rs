//! What all families read in the same way.

use serde_json::Value;

use crate::kernels::activation::Activation;
use crate::model::config_keys::Keys;
use crate::model::decoder::config::{Biases, DecoderConfig, RmsNormConfig};
use crate::model::decoder::rotary::RotaryConfig;
use crate::support::error::Result;

/// What a family takes where a key is missing: its own number, or what follows from other keys.
pub(super) struct Missing {
    pub(super) head_size: Option<usize>,
    pub(super) key_heads: Option<usize>,
}

/// The part of a configuration that all families have: no window, no bias, no cap, SiLU.
pub(super) fn read(keys: &Keys, family: &'static str, missing: &Missing) -> Result<DecoderConfig> {
    check_causal(keys)?;
    let (hidden_size, heads) = (
        keys.positive("hidden_size", None)?,
        keys.positive("num_attention_heads", None)?,
    );
    let head_size = head_size(keys, hidden_size, heads, missing.head_size)?;
    // Where the key is there and null, transformers takes as many as there are heads.
    let of_missing = missing
        .key_heads
        .filter(|_| !keys.is_given("num_key_value_heads"));
    let key_heads = keys.positive("num_key_value_heads", Some(of_missing.unwrap_or(heads)))?;
    if !heads.is_multiple_of(key_heads) {
        let accepted = format!("a divisor of num_attention_heads {heads}");
        return Err(keys.refuse("num_key_value_heads", &accepted));
    }
    let is_eps = |eps: f64| eps > 0.0 && eps < 1.0;
    let layers = keys.positive("num_hidden_layers", None)?;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "f32 is the type of the arithmetic"
    )]
    let (eps, attention_scale) = (
        keys.number("rms_norm_eps", 1e-6, is_eps)? as f32,
        (1.0 / (head_size as f64).sqrt()) as f32,
    );
    Ok(DecoderConfig {
        family,
        vocab_size: keys.positive("vocab_size", None)?,
        hidden_size,
        intermediate_size: keys.positive("intermediate_size", None)?,
        heads,
        key_heads,
        head_size,
        attention_scale,
        soft_cap: None,
        windows: vec![None; layers],
        activation: keys.activation("hidden_act", Activation::Silu)?,
        norm: RmsNormConfig { eps, offset: 0.0 },
        rotary: RotaryConfig::read(keys)?,
        biases: Biases {
            attention: false,
            attention_output: false,
            feed_forward: false,
        },
        normalises_heads: false,
        normalises_results: false,
        embedding_scale: None,
    })
}

/// transformers 5 lets every token see those after it where a key says so: where `is_causal` is
/// there and not true (`masking_utils.py`), and where Gemma's `use_bidirectional_attention` is true.
fn check_causal(keys: &Keys) -> Result<()> {
    const CAUSAL: &str = "is_causal";
    const BIDIRECTIONAL: &str = "use_bidirectional_attention";
    if keys.is_given(CAUSAL) && keys.get(CAUSAL) != Some(&Value::Bool(true)) {
        return Err(keys.refuse(CAUSAL, "true: attention to later tokens is not computed"));
    }
    if keys.flag(BIDIRECTIONAL, false)? {
        return Err(keys.refuse(
            BIDIRECTIONAL,
            "false: attention to later tokens is not computed",
        ));
    }
    Ok(())
}

/// `head_dim`; the dimensions of all heads need not be those of the hidden state.
fn head_size(keys: &Keys, hidden: usize, heads: usize, missing: Option<usize>) -> Result<usize> {
    let even = "an even number, whose halves are rotated into each other";
    if keys.get("head_dim").is_none() && missing.is_none() && !hidden.is_multiple_of(heads) {
        let accepted = format!("a divisor of hidden_size {hidden}");
        return Err(keys.refuse("num_attention_heads", &accepted));
    }
    let size = keys.positive("head_dim", Some(missing.unwrap_or(hidden / heads)))?;
    if size.is_multiple_of(2) {
        Ok(size)
    } else {
        Err(keys.refuse("head_dim", even))
    }
}
