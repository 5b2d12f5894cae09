//! How many labels a classifier has.

use serde_json::Value;

use crate::model::config_keys::Keys;
use crate::support::error::Result;

/// transformers counts the entries of `id2label`, else it takes `num_labels`, else 2.
pub(super) fn one_label(keys: &Keys) -> Result<()> {
    const ACCEPTED: &str = "one label: several are no score of an answer";
    if let Some(labels) = keys.get("id2label") {
        return match labels.as_object().map(serde_json::Map::len) {
            Some(1) => Ok(()),
            _ => Err(keys.refuse("id2label", ACCEPTED)),
        };
    }
    match keys.get("num_labels").and_then(Value::as_u64) {
        Some(1) => Ok(()),
        _ => Err(keys.refuse("num_labels", &format!("1, {ACCEPTED}"))),
    }
}
