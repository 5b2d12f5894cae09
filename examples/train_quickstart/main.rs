//! Writes everything of the quickstart: its pairs, its tokenizer, its three trained checkpoints.
//!
//! `cargo run --release --example train_quickstart` does all of it from one seed.

#[cfg(feature = "train")]
mod corpus;
#[cfg(feature = "train")]
mod quickstart;
#[cfg(feature = "train")]
mod tokenizer;
#[cfg(feature = "train")]
mod training;

#[cfg(feature = "train")]
fn main() -> std::process::ExitCode {
    quickstart::main()
}

/// Training needs burn's autodiff, which the tool itself does without: starts again with the
/// feature.
#[cfg(not(feature = "train"))]
fn main() -> std::process::ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let command = [
        "run",
        "--release",
        "--features",
        "train",
        "--example",
        "train_quickstart",
        "--manifest-path",
        manifest,
        "--",
    ];
    let status = std::process::Command::new(cargo)
        .args(command)
        .args(std::env::args_os().skip(1))
        .status();
    match status {
        Ok(status) if status.success() => std::process::ExitCode::SUCCESS,
        _ => std::process::ExitCode::FAILURE,
    }
}
