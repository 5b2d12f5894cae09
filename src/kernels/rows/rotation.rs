//! Rotary position embeddings.

use crate::kernels::rotary::RotaryTable;
use crate::kernels::rows::rms_norm::RmsNormWeights;
use crate::kernels::uploaded::Uploadable;

/// What happens to the queries or keys of all heads before they are multiplied.
#[derive(Debug, Clone)]
pub struct Rotation {
    pub(crate) table: Uploadable<RotaryTable>,
    /// Of each row, `[rows]`.
    pub(crate) positions: Uploadable<[usize]>,
    /// Of each head, before it is rotated.
    pub(crate) norm: Option<RmsNormWeights>,
}
