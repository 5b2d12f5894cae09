//! The activation functions, value by value.

use crate::kernels::activation::Activation;
use crate::kernels::cpu::math;

impl Activation {
    /// Applies the function to every value; of any length. NaN stays NaN.
    #[inline(always)]
    pub(super) fn apply(self, values: &mut [f32]) {
        match self {
            Self::Gelu => each(values, math::gelu),
            Self::GeluTanh => each(values, math::gelu_tanh),
            Self::QuickGelu => each(values, |x| x * math::sigmoid(1.702 * x)),
            Self::Relu => each(values, relu),
            Self::Relu2 => each(values, |x| relu(x) * relu(x)),
            Self::Relu6 => each(values, |x| if x > 6.0 { 6.0 } else { relu(x) }),
            Self::LeakyRelu => each(values, |x| if x < 0.0 { 0.01 * x } else { x }),
            Self::Silu => each(values, math::silu),
            Self::Mish => each(values, math::mish),
            Self::Tanh => each(values, math::tanh),
            Self::Sigmoid => each(values, math::sigmoid),
            Self::Linear => {}
        }
    }
}

#[inline(always)]
fn each(values: &mut [f32], f: impl Fn(f32) -> f32) {
    for value in values {
        *value = f(*value);
    }
}

#[inline(always)]
fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}
