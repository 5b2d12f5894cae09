//! Safetensors files → parameters: each tensor checked, read once and accounted for.

mod f16_range;
mod file_names;
mod loader;
mod other_heads;
mod tensor_file;
mod tensor_names;

pub(super) use file_names::{CONVERT_PICKLE, file_names};
pub use loader::Weights;
