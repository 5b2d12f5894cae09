//! What is measured: a definition's subsets, sections and weights, and the tables published for it.

mod definition;
pub mod published;
pub mod quickstart;
mod recorded;
mod source;

pub use definition::{Benchmark, Definition, Headline, Metric, Section, Variant};
pub(crate) use recorded::{Named, common};
pub(crate) use source::{Dataset, Files};
