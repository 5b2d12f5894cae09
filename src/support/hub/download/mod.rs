//! From the hub into its cache: listed, downloaded, verified, and only then named.
//!
//! hf-hub streams the files. These modules add what it lacks: it drops the SHA-256 of large files
//! from listings, renames downloads without verifying them, ignores `Retry-After` and sets no
//! timeouts (read in 1.0.0; `download_file_to_cache`, `BlobLfsInfo`, `retry.rs`).

mod client;
mod failure;
mod fetch;
mod listing;
mod part;
mod retry;

pub(crate) use fetch::fetch;
