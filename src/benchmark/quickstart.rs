//! The demonstration inside the binary: three small trained checkpoints and a small benchmark.
//!
//! `examples/train_quickstart` writes the files; `cargo build` embeds them.

use crate::support::input_file::Embedded;

macro_rules! embed {
    ($path:literal: $($file:literal),+) => {
        Embedded {
            path: $path,
            files: &[$(($file, include_bytes!(concat!("../../", $path, "/", $file)))),+],
        }
    };
}

macro_rules! embed_checkpoint {
    ($path:literal) => {
        embed!(
            $path:
            "config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "pairbench.toml",
            "model.safetensors"
        )
    };
}

static BENCHMARK: Embedded = embed!("benchmarks/quickstart": "quickstart.toml", "pairs.jsonl");

static CHECKPOINTS: [Embedded; 3] = [
    embed_checkpoint!("quickstart/pairrm"),
    embed_checkpoint!("quickstart/better-pairrm"),
    embed_checkpoint!("quickstart/deberta-rm"),
];

/// The benchmark's definition and its pairs.
pub fn benchmark() -> &'static Embedded {
    &BENCHMARK
}

/// One of [`checkpoints`].
pub fn checkpoint(path: &str) -> Option<&'static Embedded> {
    CHECKPOINTS.iter().find(|embedded| embedded.path == path)
}

/// The paths that [`checkpoint`] knows.
pub fn checkpoints() -> impl Iterator<Item = &'static str> {
    CHECKPOINTS.iter().map(|embedded| embedded.path)
}
