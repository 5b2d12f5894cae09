//! Texts → token ids, and token rows → batches.

pub mod batch;
mod charsmap;
mod spm;
mod tokenizer;

pub use tokenizer::{Side, Tokenizer};
