//! The pairwise head: the hidden states of marker tokens → the preference of one answer over
//! another.

mod config;
mod markers;
mod model;

pub use config::PairConfig;
pub use markers::{MarkerError, Markers};
pub use model::PairModel;
