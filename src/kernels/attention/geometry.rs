//! What the attention of a batch needs besides tensors.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::kernels::relative_positions::{PositionTerms, RelativeRows};

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

/// What a device keeps of a [`Geometry`] from one layer to the next, in a form that only the
/// device's own code knows.
#[derive(Clone, Default)]
pub(crate) struct Uploaded(Arc<OnceLock<Box<dyn Any + Send + Sync>>>);

impl Uploaded {
    /// The kept value; the first call makes it with `upload`. Every caller must ask for the same
    /// type.
    #[cfg(feature = "_gpu")]
    pub(crate) fn get_or_upload<T: Clone + Send + Sync + 'static>(
        &self,
        upload: impl Fn() -> T,
    ) -> T {
        let kept = self.0.get_or_init(|| Box::new(upload()));
        kept.downcast_ref::<T>().cloned().unwrap_or_else(upload)
    }
}

impl fmt::Debug for Uploaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uploaded")
            .field("done", &self.0.get().is_some())
            .finish()
    }
}
