//! The demonstration inside the binary: two small trained checkpoints and a small benchmark.
//!
//! `examples/train_quickstart` writes the files; `cargo build` embeds them.

/// Files of a directory of this repository, by name.
#[derive(Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The directory, from the repository's root.
    pub path: &'static str,
    pub files: &'static [(&'static str, &'static [u8])],
}

impl Embedded {
    pub fn file(&self, name: &str) -> Option<&'static [u8]> {
        self.files.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
    }
}

macro_rules! embed {
    ($path:literal: $($file:literal),+) => {
        Embedded { path: $path, files: &[$(($file, include_bytes!(concat!("../", $path, "/", $file)))),+] }
    };
}

static BENCHMARK: Embedded = embed!("benchmarks/quickstart": "quickstart.toml", "pairs.jsonl");

static CHECKPOINTS: [Embedded; 2] = [
    embed!("quickstart/pairrm": "config.json", "tokenizer.json", "tokenizer_config.json", "pairbench.toml", "model.safetensors"),
    embed!("quickstart/better-pairrm": "config.json", "tokenizer.json", "tokenizer_config.json", "pairbench.toml", "model.safetensors"),
];

/// The benchmark's definition and its pairs.
pub fn benchmark() -> &'static Embedded {
    &BENCHMARK
}

/// `quickstart/pairrm` or `quickstart/better-pairrm`.
pub fn checkpoint(path: &str) -> Option<&'static Embedded> {
    CHECKPOINTS.iter().find(|embedded| embedded.path == path)
}

/// The paths that [`checkpoint`] knows.
pub fn checkpoints() -> impl Iterator<Item = &'static str> {
    CHECKPOINTS.iter().map(|embedded| embedded.path)
}
