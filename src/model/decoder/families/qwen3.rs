//! Qwen3: `configuration_qwen3.py` and `modeling_qwen3.py` of transformers. The queries and keys of
//! each head are normalised.

use crate::model::config_keys::Keys;
use crate::model::decoder::config::{Biases, DecoderConfig};
use crate::model::decoder::families::qwen2::qwen_windows;
use crate::model::decoder::families::sizes::{self, Missing};
use crate::support::error::Result;

pub(super) fn read(keys: &Keys) -> Result<DecoderConfig> {
    let missing = Missing {
        head_size: Some(128),
        key_heads: Some(32),
    };
    let config = sizes::read(keys, "Qwen3", &missing)?;
    let attention = keys.flag("attention_bias", false)?;
    Ok(DecoderConfig {
        windows: qwen_windows(keys, config.windows.len())?,
        biases: Biases {
            attention,
            attention_output: attention,
            feed_forward: false,
        },
        normalises_heads: true,
        ..config
    })
}
