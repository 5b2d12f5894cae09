//! Measured accuracies beside published ones: as printed, or not at all. A reproduction is of the
//! same pairs, so it is judged by verdicts that differ and not by sampling noise.

mod beside;
mod columns;
mod counted;
mod counterpart;
mod reproduction;

pub(crate) use beside::{Beside, Standing};
pub(crate) use columns::{PublishedComparison, printed, tallies};
pub(crate) use counted::{Counted, PrintedMeans};
pub(crate) use counterpart::{Counterpart, Named, counterparts, find};
