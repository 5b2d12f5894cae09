//! Identifies the code that turns items into outcomes by its content: outcomes that other code
//! computed are neither resumed nor taken from the cache.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// Everything between an item's texts and its numbers, and the versions of all dependencies. The
/// rest of `scoring` keeps outcomes and does not decide them.
const ENGINE: [&str; 8] = [
    "src/checkpoint",
    "src/kernels",
    "src/model",
    "src/scoring/pipeline.rs",
    "src/scoring/prepare.rs",
    "src/scoring/worker.rs",
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
        let Ok(bytes) = std::fs::read(&file) else {
            // Moved: the list above must follow.
            println!(
                "cargo::error=build.rs lists {}, which is not there",
                file.display()
            );
            return;
        };
        file.hash(&mut hash);
        bytes.hash(&mut hash);
    }
    println!("cargo::rustc-env=PAIRBENCH_ENGINE={:016x}", hash.finish());
}

/// The files below a path; the path itself where it is no directory.
fn add(path: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(path) else {
        files.push(path.to_owned());
        return;
    };
    for entry in entries.flatten() {
        add(&entry.path(), files);
    }
}
