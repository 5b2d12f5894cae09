//! The gate of a gated feed-forward layer (arXiv:2002.05202).

use crate::kernels::activation::Activation;

/// The activations that a gate computes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateActivation {
    Silu,
    GeluTanh,
}

impl GateActivation {
    pub(crate) fn of(activation: Activation) -> Option<Self> {
        match activation {
            Activation::Silu => Some(Self::Silu),
            Activation::GeluTanh => Some(Self::GeluTanh),
            _ => None,
        }
    }
}
