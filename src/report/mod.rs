//! A run's report or a comparison → text: [`render`] turns a [`Document`] into one of the
//! [`Format`]s. Nothing here reads a file or measures anything.

mod chart;
mod columns;
mod comparison_report;
mod comparison_table;
mod csv;
mod document;
pub(crate) mod exchange;
mod format;
mod github;
#[cfg(test)]
mod hostile;
mod html;
mod json;
mod json_scores;
mod junit;
mod latex;
mod markdown;
mod markdown_parts;
mod measured_with;
mod model_card;
mod notes;
mod origin;
mod pairs;
mod provenance;
mod published_notes;
mod render;
mod run_report;
mod run_table;
#[cfg(test)]
mod samples;
mod scale;
mod several_notes;
mod style;
mod svg;
mod terminal;
mod verdict_mark;
mod wrap;

pub(crate) use columns::{aligned, parts};
pub use comparison_report::{ComparisonReport, Flip};
pub use document::Document;
pub use format::Format;
pub(crate) use json::{escaped, json_text};
pub(crate) use origin::Origin;
pub(crate) use pairs::{Answer, Cut, End, PairPage, ShownPair, pairs_json, pairs_text};
pub use provenance::Provenance;
pub use render::render;
pub use run_report::{ModelReport, RunReport};
pub(crate) use run_report::{metrics, weighting};
pub use style::Style;
pub(crate) use wrap::fitted;
