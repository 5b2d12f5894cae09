//! Scores of answers → what an item or a prompt number counts, as each benchmark's own code has it.

mod best_of_n;
mod styles;
#[cfg(test)]
mod tests;
mod ties;

pub(crate) use best_of_n::best_of_n;
pub(crate) use styles::won;
pub(crate) use ties::{Gaps, Terms, ties_score};
