//! The pairwise head: the hidden states of marker tokens → the preference of one answer over
//! another.

mod config;
mod head;
mod markers;

pub use config::PairwiseConfig;
pub use head::PairwiseHead;
pub use markers::MarkerError;
