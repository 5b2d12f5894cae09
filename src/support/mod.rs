//! What every room may use: errors, files, locks, signals, the terminal, the Hugging Face hub.

pub mod allocator;
pub(crate) mod bounded_count;
pub(crate) mod bounded_lines;
pub mod cache_folder;
pub(crate) mod catch_panic;
pub(crate) mod count;
pub mod error;
pub mod existing;
pub mod files;
pub mod hub;
pub mod input_file;
pub mod lock;
pub(crate) mod memory;
pub(crate) mod signals;
pub mod terminal;
pub(crate) mod test_hooks;
pub(crate) mod toml_text;
pub(crate) mod version;
