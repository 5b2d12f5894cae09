//! The DeBERTa-v2/v3 encoder: `DebertaV2Model` in transformers' `modeling_deberta_v2.py`, for
//! evaluation (no dropout), over packed rows (so without an attention mask).

mod attention;
mod config;
mod convolution;
mod embeddings;
mod encoder;
mod geometry;
mod layer;
mod masked;
mod plain_attention;

pub use config::{ConvConfig, DebertaConfig};
pub use encoder::Encoder;
pub use geometry::geometry;
pub use plain_attention::plain_attention;
