//! From the hub into its cache: listed, downloaded, verified, and only then named.
//!
//! The hub's HTTP is spoken here, and not by the crate hf-hub (read in 1.0.0): given no token it
//! looks for one by rules of its own (`resolve_token`), of an answer it hides `RateLimit`, it names
//! downloads without verifying them (`download_file_to_cache`), and drops the SHA-256 of large
//! files from listings (`BlobLfsInfo`). Files come over plain HTTP, never by the Xet protocol,
//! which `HF_HUB_DISABLE_XET` forbids.

mod answer;
mod client;
mod failure;
mod fetch;
mod listing;
mod part;
mod part_file;
mod retry;
mod store;

pub(crate) use fetch::fetch;
