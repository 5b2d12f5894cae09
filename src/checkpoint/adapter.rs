//! Adapters (LoRA), which PEFT loads onto a model that is elsewhere.

use crate::support::error::Error;

/// The file that makes a checkpoint an adapter.
pub(super) const CONFIG: &str = "adapter_config.json";

pub(super) const MERGE: &str = "merge it into its base model (merge_and_unload of peft) and save \
    that";

/// The error for a checkpoint that has [`CONFIG`], with or without weights of its own.
pub(super) fn refusal(what: String) -> Error {
    Error::bad_input(what)
        .caused_by(format!(
            "{CONFIG} makes it an adapter (LoRA): transformers with peft loads the model that this \
             file names, with the adapter on it, even where the checkpoint has weights of its own"
        ))
        .hint(format!(
            "{MERGE}; where model.safetensors is the whole model, remove {CONFIG}"
        ))
}
