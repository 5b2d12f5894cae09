//! Mistral: `configuration_mistral.py` and `modeling_mistral.py` of transformers. All layers have a
//! window.

use crate::model::config_keys::Keys;
use crate::model::decoder::config::DecoderConfig;
use crate::model::decoder::families::sizes::{self, Missing};
use crate::model::decoder::families::windows;
use crate::support::error::Result;

pub(super) fn read(keys: &Keys) -> Result<DecoderConfig> {
    let missing = Missing {
        head_size: None,
        key_heads: Some(8),
    };
    let config = sizes::read(keys, "Mistral", &missing)?;
    Ok(DecoderConfig {
        windows: windows::read(keys, config.windows.len(), |_| true)?,
        ..config
    })
}
