//! Repositories of the Hugging Face hub: from its cache on disk, or downloaded into it.

mod cache;
mod content;
#[cfg(feature = "hub")]
mod download;
mod environment;
mod listing;
mod repository;
#[cfg(feature = "hub")]
mod scan;
mod source;
mod token;
mod wanted;

pub(crate) use cache::Cache;
pub(crate) use content::ExpectedContent;
pub(crate) use repository::{Repository, RepositoryKind, is_relative};
#[cfg(feature = "hub")]
pub(crate) use scan::scan;
pub use source::Hub;
pub(crate) use token::TokenChoice;
pub(crate) use wanted::{Offer, Wanted, patterns};
