//! Counts that a file says: below a limit, so that sums of them cannot overflow.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// More than anybody counts, and few enough that sixty thousand of them can be added.
pub(crate) const MOST: usize = 1 << 48;

/// A count of a file, for serde's `deserialize_with`.
pub(crate) fn bounded<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let n = usize::deserialize(from)?;
    if n > MOST {
        let what = format!("a count of {n}, accepted: up to {MOST}");
        return Err(D::Error::custom(what));
    }
    Ok(n)
}
