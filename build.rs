//! Names the code that turns pairs into verdicts by its content: verdicts that other code computed
//! are neither resumed nor taken from the cache.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// Everything between a pair's text and its logits, and the versions of all dependencies.
const ENGINE: [&str; 6] = [
    "src/checkpoint",
    "src/kernels",
    "src/model",
    "src/scoring",
    "src/text",
    "Cargo.lock",
];

fn main() {
    let mut files: Vec<PathBuf> = Vec::new();
    for part in ENGINE {
        println!("cargo::rerun-if-changed={part}");
        add(Path::new(part), &mut files);
    }
    files.sort();
    let mut hash = DefaultHasher::new();
    for file in files {
        file.hash(&mut hash);
        std::fs::read(&file).unwrap_or_default().hash(&mut hash);
    }
    println!("cargo::rustc-env=PAIRBENCH_ENGINE={:016x}", hash.finish());
}

fn add(path: &Path, files: &mut Vec<PathBuf>) {
    match std::fs::read_dir(path) {
        Ok(entries) => entries
            .flatten()
            .for_each(|entry| add(&entry.path(), files)),
        Err(_) => files.push(path.to_owned()),
    }
}
