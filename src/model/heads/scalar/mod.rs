//! The scalar heads: the hidden state of one token of a row → the score of an answer.

mod config;
mod head;
mod labels;
mod last_token;
mod pooled;

pub use config::ScalarConfig;
pub use head::ScalarHead;
pub use last_token::{LastTokenConfig, LastTokenHead};
pub use pooled::{PooledConfig, PooledHead};
