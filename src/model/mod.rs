//! The model: token rows in, numbers out. It knows nothing of files, benchmarks or reports.
//!
//! A model is an architecture under a head. Each architecture has a folder (`deberta`, `decoder`),
//! each head a folder in `heads`; the rest of the crate asks an [`Architecture`] for sizes and
//! limits and does not need to know which one it is.

mod architecture;
mod config;
mod config_keys;
pub mod deberta;
pub mod decoder;
pub mod heads;
mod layer_norm;
pub mod linear;
mod parameters;
mod ranker_config;
mod reward_model;
mod token_parts;
mod token_rows;
mod transformer;
mod word_embeddings;

pub use architecture::Architecture;
pub use config::ModelConfig;
pub use deberta::DebertaConfig;
pub use decoder::DecoderConfig;
pub use parameters::{Matrix, Parameters};
pub use ranker_config::RankerConfig;
pub use reward_model::RewardModel;
pub use token_rows::{InputRow, TokenRow, TokenRows};
pub use transformer::{Transformer, TransformerConfig};
