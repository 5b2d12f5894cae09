//! What is measured: a definition's subsets, sections and weights, and the tables published for it.

mod definition;
pub mod published;
pub mod quickstart;
mod recorded;
mod source;

pub use definition::{Benchmark, Definition, Headline, Metric, Section, Variant};
pub use recorded::{Named, common};
pub use source::{Dataset, Files};
