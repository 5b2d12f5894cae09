//! Sliding windows: how far back the queries of each layer see.

use serde_json::Value;

use crate::model::config_keys::Keys;
use crate::support::error::Result;

/// What transformers takes where the key is missing; `null` means no window.
const MISSING: usize = 4096;

/// The window of each layer. `has_window`: which layers have one, by the family's own rule; newer
/// files list the layers' kinds, which then count.
pub(super) fn read(
    keys: &Keys,
    layers: usize,
    has_window: impl Fn(usize) -> bool,
) -> Result<Vec<Option<usize>>> {
    let is_null = keys.is_given("sliding_window") && keys.get("sliding_window").is_none();
    let window = if is_null {
        None
    } else {
        Some(keys.positive("sliding_window", Some(MISSING))?)
    };
    let has_window: Vec<bool> = match keys.get("layer_types") {
        None => (0..layers).map(has_window).collect(),
        Some(kinds) => kinds_of_layers(kinds, layers).ok_or_else(|| {
            let accepted = format!("{layers} of \"full_attention\" and \"sliding_attention\"");
            keys.refuse("layer_types", &accepted)
        })?,
    };
    let of_layer = |has_window: bool| window.filter(|_| has_window);
    Ok(has_window.into_iter().map(of_layer).collect())
}

/// Whether each layer has a window.
fn kinds_of_layers(kinds: &Value, layers: usize) -> Option<Vec<bool>> {
    let has_window = |kind: &Value| match kind.as_str()? {
        "full_attention" => Some(false),
        "sliding_attention" => Some(true),
        _ => None,
    };
    let kinds = kinds.as_array().filter(|kinds| kinds.len() == layers)?;
    kinds.iter().map(has_window).collect()
}
