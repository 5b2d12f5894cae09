//! Items → token rows.

mod charsmap;
pub mod contract;
mod sentencepiece;
mod tokenizer;

pub use tokenizer::{Side, Tokenizer};
