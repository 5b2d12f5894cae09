//! Says which code this is: a hash of what turns items into outcomes, as outcomes that other code
//! computed are neither resumed nor taken from the cache; and the commit, where it is known.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// What else is compiled into the program: after a change there it is not that of the commit, and
/// it is compiled again anyway.
const PROGRAM: [&str; 5] = [
    "src",
    "benchmarks",
    "quickstart",
    "docs/schema",
    "Cargo.toml",
];

fn main() {
    for part in ENGINE.iter().chain(&PROGRAM) {
        if Path::new(part).exists() {
            println!("cargo::rerun-if-changed={part}");
        }
    }
    match engine() {
        Ok(hash) => println!("cargo::rustc-env=PAIRBENCH_ENGINE={hash:016x}"),
        // Moved: the list above must follow.
        Err(file) => println!(
            "cargo::error=build.rs lists {}, which is not there",
            file.display()
        ),
    }
    if let Some(commit) = packaged_commit().or_else(git_commit) {
        println!("cargo::rustc-env=PAIRBENCH_COMMIT={commit}");
    }
}

/// The hash of the files of [`ENGINE`], or one that cannot be read.
fn engine() -> Result<u64, PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    for part in ENGINE {
        add(Path::new(part), &mut files);
    }
    files.sort();
    let mut hash = DefaultHasher::new();
    for file in files {
        let Ok(bytes) = std::fs::read(&file) else {
            return Err(file);
        };
        file.hash(&mut hash);
        bytes.hash(&mut hash);
    }
    Ok(hash.finish())
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

/// What `cargo package` wrote into the archive.
fn packaged_commit() -> Option<String> {
    let text = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, rest) = text.split_once("\"sha1\"")?;
    let hash = rest.split('"').nth(1)?;
    let is_hash = hash.len() >= 12 && hash.chars().all(|c| c.is_ascii_hexdigit());
    is_hash.then(|| named(hash, rest.contains("\"dirty\": true")))
}

/// The commit that is checked out, where this directory is the root of a checkout: a copy of the
/// sources in another project's repository has nothing to do with its commits.
fn git_commit() -> Option<String> {
    if !Path::new(".git").exists() {
        return None;
    }
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    // Every commit and every checkout appends a line to this file.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    let paths = PROGRAM.iter().chain(&["Cargo.lock", "build.rs"]).copied();
    let status: Vec<&str> = ["status", "--porcelain", "--"]
        .into_iter()
        .chain(paths)
        .collect();
    let changed = git(&status).is_none_or(|changed| !changed.is_empty());
    Some(named(&git(&["rev-parse", "HEAD"])?, changed))
}

/// Twelve digits, marked as `git describe --dirty` marks them.
fn named(hash: &str, changed: bool) -> String {
    let dirty = if changed { "-dirty" } else { "" };
    format!("{}{dirty}", &hash[..hash.len().min(12)])
}
