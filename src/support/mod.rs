//! What every room needs and none is about: errors, files, locks, signals, the terminal, the hub.

pub mod allocator;
pub mod cache_folder;
pub mod catch_panic;
pub mod error;
pub mod failpoint;
pub mod files;
pub mod hub;
pub mod input_file;
pub mod lock;
pub mod signals;
pub mod terminal;
