//! A checkpoint in the Hugging Face layout: directory or repository → configuration, tokenizer,
//! input contract, weights.

mod adapter;
mod contract;
mod description;
mod facts;
mod files;
pub(crate) mod known_models;
mod loading;
mod memory;
mod nearest;
mod precision;
mod safetensors_header;
mod spec;
mod tokenizer_check;
mod weights;

pub(crate) use contract::find_contract;
pub use facts::{ContractSource, Facts};
pub use files::{Backbone, CheckpointFiles};
pub use loading::Checkpoint;
pub use precision::{HalfType, Precision, PrecisionName};
pub use spec::ModelSpec;
pub use tokenizer_check::check_tokenizer;
pub use weights::Weights;
