//! What turns the hidden states of an encoder into numbers: a folder for each head.

mod config;
mod head;
pub mod pairwise;
pub mod scalar;

pub use config::HeadConfig;
pub use head::Head;
