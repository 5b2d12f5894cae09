//! The activation functions that a DeBERTa-v2 configuration can name.

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::{Tensor, activation};

use crate::kernels::placement::is_on_cpu;

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

    /// Applies the function to every element. `x`: `[rows, size]` → `[rows, size]`
    pub(crate) fn forward(self, x: Tensor<2>) -> Tensor<2> {
        if is_on_cpu(&x) {
            let x = x.into_dispatch();
            return Tensor::from_dispatch(<Dispatch as Activations>::activate(x, self));
        }
        self.by_burn(x)
    }

    /// By burn's operations. Shapes as in [`Self::forward`].
    fn by_burn(self, x: Tensor<2>) -> Tensor<2> {
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

/// The backends that have them all as one kernel. `x`: `[rows, size]` → `[rows, size]`
#[backend_extension(Flex)]
pub trait Activations: Backend {
    fn activate(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// Rows that are no whole block, of no whole vectors, with what exponentials overflow on.
    #[test]
    fn kernels_are_burns_operations() {
        let values = (-400..400_u16.cast_signed()).map(|at| f32::from(at) / 20.0);
        let values: Vec<f32> = values.chain([-1e30, -100.0, 90.0, 1e30]).collect();
        let size = values.len() / 12;
        let x = Tensor::<1>::from_floats(&values[..12 * size], &Device::flex());
        let x = x.reshape([12, size]);
        for (name, activation) in NAMES {
            let both = [activation.forward(x.clone()), activation.by_burn(x.clone())];
            let [found, expected] = both.map(|y| y.into_data().try_to_vec::<f32>().unwrap());
            for ((x, y), expected) in values.iter().zip(found).zip(expected) {
                let tolerance = 1e-6 * expected.abs().max(1.0);
                assert!(
                    (y - expected).abs() < tolerance || y.total_cmp(&expected).is_eq(),
                    "{name} of {x}: {y} {expected}"
                );
            }
        }
        let nan = Tensor::<2>::from_floats([[f32::NAN]], &Device::flex());
        for (name, activation) in NAMES {
            let y = activation.forward(nan.clone()).into_data();
            assert!(y.try_to_vec::<f32>().unwrap()[0].is_nan(), "{name}");
        }
    }

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
            ("mish", -0.298_099_7, 0.561_148_4),
            ("tanh", -0.905_148_3, 0.604_367_8),
        ] {
            let x = Tensor::<2>::from_floats([[-1.5, 0.7]], &Device::flex());
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
