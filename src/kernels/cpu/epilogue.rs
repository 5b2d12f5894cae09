//! What happens to the sums of a product before they leave the cache.

use std::sync::Arc;

use crate::kernels::activation::Activation;

/// Applied to a sum before it is written for the last time.
#[derive(Debug, Clone)]
pub struct Epilogue {
    /// `[output]`
    pub(crate) bias: Option<Arc<[f32]>>,
    /// [`Activation::Gelu`] only; see [`fuses`].
    pub(crate) activation: Option<Activation>,
}

/// Whether the product applies this activation itself.
pub(crate) fn fuses(activation: Activation) -> bool {
    activation == Activation::Gelu
}
