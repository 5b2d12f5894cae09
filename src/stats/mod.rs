//! Counts → intervals, p-values and confidence sequences. Knows nothing of pairs, models or files.

mod binomial;
pub mod bootstrap;
mod counts;
mod holm;
mod interval;
mod mcnemar;
mod normal;
mod proportion;
mod random;
pub(crate) mod rounds;
mod sequential;
#[cfg(test)]
mod testing;

pub(crate) use counts::count;
pub use counts::{PairedCounts, Share};
pub(crate) use holm::holm;
pub use interval::{Interval, LEVEL};
pub(crate) use mcnemar::{exact, sign_flips, smallest_detectable};
pub use proportion::unpaired;
pub(crate) use sequential::Sequence;
#[cfg(test)]
pub(crate) use testing::near;
