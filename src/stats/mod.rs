//! Counts → intervals, p-values and confidence sequences. Knows nothing of pairs, models or files.

mod counts;
#[cfg(test)]
mod coverage_of_credits;
mod detectable;
mod gamma_sum;
mod holm;
mod interval;
mod normal;
mod random;
mod root;
pub(crate) mod rounds;
mod sequential;
mod tail;
#[cfg(test)]
mod testing;
mod values;
mod weighted_mean;

pub(crate) use counts::count;
pub use counts::{PairedCounts, Share};
pub(crate) use detectable::smallest_detectable;
pub(crate) use holm::{holm, holm_of};
pub use interval::{Interval, LEVEL};
pub(crate) use random::sample;
pub(crate) use sequential::Sequence;
pub(crate) use tail::{Tail, most_above_sample};
#[cfg(test)]
pub(crate) use testing::{changed, near};
pub use values::{PairedValues, Values};
pub(crate) use weighted_mean::{difference, mean_of, p_value_of};
pub use weighted_mean::{mean, p_value, paired, unpaired};
