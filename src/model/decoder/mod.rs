//! Decoders: transformers with causal attention, as the classes `*ForSequenceClassification` of
//! transformers compute them, for evaluation and over packed rows (so without an attention mask).
//!
//! The families differ in what their configuration says (`families`, a file for each); what they
//! compute is the same for all.

mod attention;
mod config;
mod decode;
mod families;
mod feed_forward;
mod layer;
mod packing;
mod rms_norm;
mod rotary;

pub use config::{Biases, DecoderConfig, RmsNormConfig};
pub use decode::Decoder;
pub(in crate::model) use families::Family;
pub use rotary::{RotaryConfig, RotaryScaling};
