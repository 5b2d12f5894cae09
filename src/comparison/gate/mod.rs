//! A gate: rules that a candidate must meet, and the outcome of each on a comparison.
//!
//! - `drop` asks whether the candidate is worse by more than a limit X, and answers with the 95 %
//!   interval of the difference: *fail* when all of it lies below −X, *pass* when all of it lies at
//!   or above −X, else *inconclusive*. A candidate that is worse by X or less fails in about 2.5 %
//!   of all samples of pairs, or fewer; `benchmarks/2026-11-26-coverage.md` has the simulation. A
//!   scope of several figures (`subset:*`) has intervals of 1 − 0.05/k (Bonferroni), so that this
//!   holds for all of them together. n pairs without a difference pass a limit above 3.7/n.
//! - `significant-drop` fails when the candidate is worse and the two-sided exact p-value,
//!   Holm-corrected where the scope has several figures, is below alpha; else it passes. A
//!   pass does not show that nothing dropped: `drop` does that. An alpha that is not reached with
//!   every pair lost is an error.
//! - `min`, `max-ties`, `max-invalid` and `max-position-bias` are bounds on what was measured,
//!   without statistics.
//!
//! A rule judges the pairs that belong into its scope: those of the baseline, and those that the
//! benchmark counts. Where some of them are not compared it cannot pass (`Rule::outcome`): it
//! fails by what is there, or is inconclusive.

#[cfg(test)]
mod ci_table;
mod conclusion;
mod evaluate;
mod finding;
mod outcome;
mod pattern;
mod rule;
mod scope;
pub mod sequential;
mod settling;
mod status;
#[cfg(test)]
mod tests;

pub use conclusion::Conclusion;
pub(crate) use conclusion::in_one_line;
pub(crate) use outcome::Measured;
pub use outcome::RuleOutcome;
pub(crate) use rule::BEGINNINGS;
pub use rule::{Rule, rules};
pub use scope::Scope;
pub(crate) use settling::Settling;
pub use status::Status;
