//! Root-mean-square normalisation (arXiv:1910.07467).

use crate::kernels::uploaded::Uploadable;

/// The parameters of a normalisation.
#[derive(Debug, Clone)]
pub struct RmsNormWeights {
    /// `[size]`
    pub(crate) weight: Uploadable<[f32]>,
    pub(crate) eps: f32,
}
