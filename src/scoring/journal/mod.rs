//! `journal.jsonl`: the verdicts of a run that has not ended, as they come.
//!
//! The first line says what the run is; then come lines of who goes on with it and of verdicts.
//! Each batch is one write: a process that dies loses at most the batch that it was computing, and
//! leaves at most one torn line, the last.

mod format;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use format::{NAME, Session};
pub(crate) use reader::Outcomes;
pub use reader::{Contents, parse};
pub(crate) use writer::{Journal, discard};
