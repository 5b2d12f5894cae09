//! Llama 2 and 3: `configuration_llama.py` and `modeling_llama.py` of transformers.

use crate::model::config_keys::Keys;
use crate::model::decoder::config::{Biases, DecoderConfig};
use crate::model::decoder::families::sizes::{self, Missing};
use crate::support::error::Result;

pub(super) fn read(keys: &Keys) -> Result<DecoderConfig> {
    let missing = Missing {
        head_size: None,
        key_heads: None,
    };
    let attention = keys.flag("attention_bias", false)?;
    Ok(DecoderConfig {
        biases: Biases {
            attention,
            attention_output: attention,
            feed_forward: keys.flag("mlp_bias", false)?,
        },
        ..sizes::read(keys, "Llama", &missing)?
    })
}
