//! `--dtype verified`: every item is scored in a fast precision, and those whose verdict f32 could
//! turn again in f32.
//!
//! How far from 0 a margin must be is not guessed. A random sample is scored in both precisions.
//! The largest difference of margins seen, and how many of all items can have a larger one when
//! none of the sample has, bound the expected number of turned verdicts among those that were not
//! scored again; items are scored again, smallest margins first, until that is below the limit.
//! `docs/verified.md` has the derivation.

mod plan;
mod proof;
mod rounds;

pub(crate) use plan::VerificationPlan;
pub(crate) use proof::Verification;
pub(crate) use rounds::{Pass, verified};
