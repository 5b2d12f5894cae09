//! The activation functions that a DeBERTa-v2 configuration can name.

use burn::tensor::{Tensor, activation};

/// An entry of `ACT2FN` in transformers' `activations.py`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// With the exact error function.
    Gelu,
    /// With the tanh approximation (`gelu_new`, `gelu_pytorch_tanh`, `gelu_fast`: one formula).
    GeluTanh,
    /// x · sigmoid(1.702 x).
    QuickGelu,
    Relu,
    /// relu(x)².
    Relu2,
    Relu6,
    LeakyRelu,
    Silu,
    Mish,
    Tanh,
    Sigmoid,
    Linear,
}

const NAMES: &[(&str, Activation)] = &[
    ("gelu", Activation::Gelu),
    ("gelu_python", Activation::Gelu),
    ("gelu_new", Activation::GeluTanh),
    ("gelu_fast", Activation::GeluTanh),
    ("gelu_pytorch_tanh", Activation::GeluTanh),
    ("quick_gelu", Activation::QuickGelu),
    ("relu", Activation::Relu),
    ("relu2", Activation::Relu2),
    ("relu6", Activation::Relu6),
    ("leaky_relu", Activation::LeakyRelu),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
    ("mish", Activation::Mish),
    ("tanh", Activation::Tanh),
    ("sigmoid", Activation::Sigmoid),
    ("linear", Activation::Linear),
];

impl Activation {
    /// By the name that `ACT2FN` has.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, activation)| *activation)
    }

    /// All accepted names.
    pub(crate) fn names() -> Vec<&'static str> {
        NAMES.iter().map(|(name, _)| *name).collect()
    }

    /// Applies the function to every element; any shape.
    pub(crate) fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Gelu => activation::gelu(x),
            Self::GeluTanh => activation::gelu_approximate(x),
            Self::QuickGelu => x.clone() * activation::sigmoid(x * 1.702),
            Self::Relu => activation::relu(x),
            Self::Relu2 => activation::relu(x).powi_scalar(2),
            Self::Relu6 => x.clamp(0.0, 6.0),
            Self::LeakyRelu => activation::leaky_relu(x, 0.01),
            Self::Silu => activation::silu(x),
            Self::Mish => activation::mish(x),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => activation::sigmoid(x),
            Self::Linear => x,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// The textbook formulas at x = -1.5 and 0.7, evaluated in double precision.
    #[test]
    fn values_at_two_points() {
        for (name, low, high) in [
            ("gelu", -0.100_210_8, 0.530_625_4),
            ("gelu_new", -0.100_428_4, 0.530_570_1),
            ("quick_gelu", -0.108_337_8, 0.536_894),
            ("relu2", 0.0, 0.49),
            ("leaky_relu", -0.015, 0.7),
            ("silu", -0.273_638_3, 0.467_731_3),
            ("tanh", -0.905_148_3, 0.604_367_8),
        ] {
            let x = Tensor::<1>::from_floats([-1.5, 0.7], &Device::flex());
            let y = Activation::from_name(name)
                .unwrap()
                .forward(x)
                .into_data()
                .try_to_vec::<f32>()
                .unwrap();
            assert!(
                (y[0] - low).abs() < 2e-6 && (y[1] - high).abs() < 2e-6,
                "{name}: {y:?}"
            );
        }
    }
}
