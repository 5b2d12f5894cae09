//! What is measured: a definition's subsets, sections and weights, and the tables published for it.

mod built_in;
mod columns;
mod definition;
mod metric;
pub mod published;
pub mod quickstart;
mod recorded;
mod source;

pub(crate) use definition::MeanOf;
pub use definition::{Benchmark, Definition, Headline, Section, Variant};
pub(crate) use metric::{Aspect, Shape};
pub use metric::{Comparisons, Metric};
pub(crate) use recorded::{Named, common};
pub(crate) use source::{Dataset, Files};
