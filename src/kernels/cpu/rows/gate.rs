//! The gate of a gated feed-forward layer.

use crate::kernels::cpu::math;
use crate::kernels::rows::GateActivation;

impl GateActivation {
    /// `gate` becomes activation(gate) · `up`; both of any length.
    #[inline(always)]
    pub(crate) fn apply(self, gate: &mut [f32], up: &[f32]) {
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
