//! The golden decoders: their names, and where their files are.

use std::path::{Path, PathBuf};

pub const MODELS: [&str; 7] = [
    "tiny-qwen3-rm",
    "tiny-qwen3-rm-bf16",
    "tiny-llama3-rm",
    "tiny-llama-bias-rm",
    "tiny-gemma2-rm",
    "tiny-mistral-rm",
    "tiny-qwen2-rm",
];

pub fn decoders(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/decoders")
        .join(part)
}

pub fn checkpoint(name: &str) -> PathBuf {
    decoders("models").join(name)
}
