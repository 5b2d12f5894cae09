//! The relative-position terms of attention scores, looked up by distance as they are added.
//!
//! A score needs two numbers, both at the place that its distance gives: one in its query's
//! products with the position keys, one in its key's products with the position queries. From one
//! score to the next the distance changes by one, and the table row of a distance by at most one
//! (`log_bucket`), so that the numbers of sixteen neighbours are within sixteen neighbouring
//! places: one load and one permutation of a register replace sixteen look-ups.

mod add;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod bias;

pub(crate) use add::add;
pub(crate) use bias::{LANES, RelativeBias, ScoreBlock};
