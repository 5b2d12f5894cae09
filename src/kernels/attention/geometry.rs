//! What the attention of a batch needs besides tensors.

use std::sync::Arc;

use crate::kernels::relative_positions::{PositionTerms, RelativeRows};
use crate::kernels::uploaded::Uploaded;

/// Sizes, scale and relative positions of a batch; one per batch, shared by all layers.
#[derive(Debug, Clone)]
pub struct Geometry {
    pub(crate) heads: usize,
    /// √(head size · number of terms), rounded to f32 as upstream.
    pub(crate) scale: f32,
    pub(crate) terms: PositionTerms,
    /// Ends of the packed rows; row r is `offsets[r]..offsets[r + 1]`.
    pub(crate) offsets: Arc<[usize]>,
    /// Rows of one token that is masked in the row after it, of which it is the first token.
    pub(crate) masked: Arc<[usize]>,
    pub(crate) relative: Option<Arc<RelativeRows>>,
    /// What the device already holds of this geometry.
    #[cfg_attr(
        not(feature = "_gpu"),
        expect(dead_code, reason = "only GPUs keep anything")
    )]
    pub(crate) uploaded: Uploaded,
}

impl Geometry {
    /// Tokens of the longest row.
    pub(crate) fn longest(&self) -> usize {
        self.offsets
            .windows(2)
            .map(|ends| ends[1] - ends[0])
            .max()
            .unwrap_or(0)
    }
}
