//! What is measured: a definition's subsets, sections and weights, and the tables published for it.

mod built_in;
mod check;
mod columns;
mod definition;
mod find;
mod metric;
pub mod published;
pub mod quickstart;
mod recorded;
mod source;
mod without_effect;

#[cfg(test)]
pub(crate) use check::RESERVED_KEYS;
pub(crate) use definition::MeanOf;
pub use definition::{Benchmark, Definition, Headline, Section, Variant};
pub(crate) use metric::{Aspect, Shape};
pub use metric::{Comparisons, Metric};
pub(crate) use recorded::{Named, common};
pub(crate) use source::{Dataset, Files};
