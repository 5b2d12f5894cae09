//! Qwen2 and Qwen2.5: `configuration_qwen2.py` and `modeling_qwen2.py` of transformers. Queries,
//! keys and values have a bias, which no key says.

use crate::model::config_keys::Keys;
use crate::model::decoder::config::{Biases, DecoderConfig};
use crate::model::decoder::families::sizes::{self, Missing};
use crate::model::decoder::families::windows;
use crate::support::error::Result;

pub(super) fn read(keys: &Keys) -> Result<DecoderConfig> {
    let missing = Missing {
        head_size: None,
        key_heads: Some(32),
    };
    let config = sizes::read(keys, "Qwen2", &missing)?;
    Ok(DecoderConfig {
        windows: qwen_windows(keys, config.windows.len())?,
        biases: Biases {
            attention: true,
            attention_output: false,
            feed_forward: false,
        },
        ..config
    })
}

/// Windows of the layers from `max_window_layers` on, where `use_sliding_window` turns them on:
/// what flash attention and newer releases do. In transformers 4.51 the other attentions give every
/// layer a window as soon as a row is as long as `sliding_window`, whatever that key says.
pub(super) fn qwen_windows(keys: &Keys, layers: usize) -> Result<Vec<Option<usize>>> {
    if !keys.flag("use_sliding_window", false)? {
        return Ok(vec![None; layers]);
    }
    let first = keys.size("max_window_layers", Some(28))?;
    windows::read(keys, layers, |layer| layer >= first)
}
