//! Repositories of the Hugging Face hub: from its cache on disk, or downloaded into it.

mod cache;
#[cfg(feature = "hub")]
mod download;
mod repository;
mod source;

pub(crate) use cache::Cache;
pub(crate) use repository::{Repository, RepositoryKind, is_relative};
pub use source::Hub;
