//! The scalar head: the hidden state of a row's first token → the score of an answer.

mod config;
mod head;

pub use config::ScalarConfig;
pub use head::ScalarHead;
