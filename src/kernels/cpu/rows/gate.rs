//! The gate of a gated feed-forward layer (arXiv:2002.05202).

use crate::kernels::activation::Activation;
use crate::kernels::cpu::math;

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

    /// `gate` becomes activation(gate) · `up`; both of any length.
    #[inline(always)]
    pub(super) fn apply(self, gate: &mut [f32], up: &[f32]) {
        match self {
            Self::Silu => {
                for (gate, up) in gate.iter_mut().zip(up) {
                    *gate = math::silu(*gate) * up;
                }
            }
            Self::GeluTanh => {
                for (gate, up) in gate.iter_mut().zip(up) {
                    *gate = math::gelu_tanh(*gate) * up;
                }
            }
        }
    }
}
