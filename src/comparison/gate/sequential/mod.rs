//! The sequential gate: it is evaluated while pairs are scored, and scoring stops when it is
//! settled.
//!
//! It is settled when one rule fails or all pass. What settles a rule before every pair is scored:
//!
//! - `drop`: the confidence sequence of its figures (`stats::Sequence`) takes the place of
//!   the fixed interval;
//! - `significant-drop` fails by the sequence's p-value (Holm-corrected over several figures). A
//!   p-value above alpha settles nothing: the rule passes when the final evaluation could not fail
//!   even if every remaining unit counted the least that it can;
//! - `min`, `max-ties`, `max-invalid` and `max-position-bias`: when the remaining pairs cannot
//!   change the outcome.
//!
//! What is drawn and counted as one is a unit of the metric (`units`): a pair, or of `ties` both
//! rows of a prompt number.
//!
//! A rule that nothing settles is evaluated after the last pair, as without the sequential gate.
//! That is a second look at the same pairs: sequence and evaluation have half of the rule's error
//! rate each, so that both together are wrong no more often than a rule that is evaluated once.
//! This is the price of a run that is not settled early: its final interval is one of 97.5 %.
//! A run that was stopped early keeps the order of its pairs (`StoppedEarly`), so that a later
//! comparison can use the sequence, too (`replay`). Where pairs are missing from the plan itself
//! (`--limit`, `--subset`), no rule whose scope lacks some can pass.
//!
//! `benchmarks/2026-11-24-early-answers.md` has the simulation.

mod figure;
mod gate;
mod lines;
mod progress;
pub(crate) mod replay;
mod rule_state;
#[cfg(test)]
mod tests;
mod units;

pub use gate::{GateOutcome, SEED, SequentialGate};
