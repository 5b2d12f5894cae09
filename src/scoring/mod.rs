//! Items → outcomes: the rows of every item through the model, and its numbers kept at once.

pub(crate) mod cache;
mod exact;
pub(crate) mod fingerprint;
pub mod imported;
pub mod journal;
mod memory;
mod model_pass;
mod pipeline;
mod prepare;
mod resume;
pub mod run_dir;
mod scored_model;
mod scorer;
pub(crate) mod session;
mod several;
pub(crate) mod tally;
pub(crate) mod verdict;
pub(crate) mod verification;
mod worker;

pub use pipeline::score;
pub use prepare::{Prepared, prepare};
pub(crate) use scored_model::ScoredModel;
pub use scorer::{Scorer, Step};
pub use several::{ComparedAnswers, ScoredAnswers};
pub use tally::Tally;
pub(crate) use verdict::disagree;
pub use verdict::{AnswerScores, BothOrders, Outcome, ScoredItem, Verdict};
pub use worker::logits;
