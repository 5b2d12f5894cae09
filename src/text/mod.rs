//! Items → token rows.

mod added_tokens;
mod charsmap;
pub mod chat_template;
pub mod contract;
mod framing;
mod python_text;
mod sentencepiece;
mod special_tokens;
mod tokenizer;
mod tokenizer_files;
mod tokenizer_settings;

pub use tokenizer::{Side, Tokenizer};
