//! The families of decoders: what each reads in its `config.json`, and what it takes where a key is
//! missing. A file for each, over `sizes` and `windows`.

mod family;
mod gemma2;
mod llama;
mod mistral;
mod qwen2;
mod qwen3;
mod sizes;
mod windows;

pub(in crate::model) use family::Family;
