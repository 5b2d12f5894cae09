//! Two models on the same pairs, or two columns of accuracies → the differences and what they mean.

mod candidate;
mod change;
mod compare;
pub(crate) mod coverage;
mod difference;
mod figure;
pub mod gate;
mod item_key;
pub(crate) mod leaderboard;
mod matching;
mod notes;
mod paired_units;
pub(crate) mod published;
mod several_tests;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use change::Change;
pub use compare::Comparison;
pub(crate) use compare::Matching;
pub(crate) use difference::Difference;
pub(crate) use figure::{ALL, AVERAGE};
pub(crate) use matching::{MatchedBy, changed_verdicts};
pub(crate) use notes::{NOT_CORRECT, SIDES, tie_note};
pub(crate) use several_tests::{SIGNIFICANT, SeveralTests, Test};
