//! Items → outcomes: the rows of every item through the model, and its numbers kept at once.

pub mod cache;
pub mod fingerprint;
pub mod journal;
mod memory;
mod pipeline;
mod prepare;
mod resume;
pub mod run_dir;
mod scorer;
pub mod session;
pub mod tally;
pub mod verdict;
mod worker;

pub use pipeline::score;
pub use prepare::{Prepared, prepare};
pub use scorer::{Scorer, Step};
pub use tally::Tally;
pub use verdict::{BothOrders, Outcome, ScoredItem, Verdict};
pub use worker::logits;
