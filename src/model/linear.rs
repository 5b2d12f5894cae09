//! The linear layer.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::kernels::activation::Activation;
use crate::kernels::cpu::epilogue;
use crate::kernels::cpu::int8::Outliers;
use crate::kernels::cpu::linear;
use crate::kernels::cpu::linear::{LinearWeights, PackedLayer};
#[cfg(feature = "_gpu")]
use crate::kernels::{gpu, is_on_gpu};
use crate::model::parameters::{Matrix, Parameters};
use crate::support::error::Result;

/// `x · Wᵀ + b`
#[derive(Module, Debug)]
pub enum Linear {
    Plain(PlainLinear),
    Packed(PackedLinear),
}

/// With W as PyTorch stores it: for gradients, and for devices without a packed product.
#[derive(Module, Debug)]
pub struct PlainLinear {
    /// `[output, input]`
    weight: Param<Tensor<2>>,
    /// `[output]`
    bias: Option<Param<Tensor<1>>>,
}

/// With W in the panels of the CPU's product.
#[derive(Module, Debug)]
pub struct PackedLinear {
    #[module(skip)]
    layer: PackedLayer,
}

impl Linear {
    /// Takes `{name}.weight` and `{name}.bias`.
    pub fn load(
        from: &mut impl Parameters,
        name: &str,
        input: usize,
        output: usize,
    ) -> Result<Self> {
        let weight = from.matrix(&format!("{name}.weight"), [output, input])?;
        let bias = from.tensor(&format!("{name}.bias"), [output])?;
        Ok(Self::new(weight, Some(bias)))
    }

    /// Takes `{name}.weight` only: a layer without bias.
    pub fn load_unbiased(
        from: &mut impl Parameters,
        name: &str,
        input: usize,
        output: usize,
    ) -> Result<Self> {
        Ok(Self::new(
            from.matrix(&format!("{name}.weight"), [output, input])?,
            None,
        ))
    }

    /// Takes `{name}.weight`, and `{name}.bias` where the layer `has_bias`.
    pub(crate) fn load_as(
        from: &mut impl Parameters,
        name: &str,
        input: usize,
        output: usize,
        has_bias: bool,
    ) -> Result<Self> {
        if has_bias {
            Self::load(from, name, input, output)
        } else {
            Self::load_unbiased(from, name, input, output)
        }
    }

    /// `bias`: `[output]`
    pub fn new(weight: Matrix, bias: Option<Tensor<1>>) -> Self {
        match weight {
            Matrix::Plain(weight) => Self::Plain(PlainLinear {
                weight: Param::from_tensor(weight),
                bias: bias.map(Param::from_tensor),
            }),
            Matrix::Packed(weights) => {
                let bias = bias.map(|bias| bias.into_data().iter().collect::<Vec<f32>>());
                Self::Packed(PackedLinear {
                    layer: PackedLayer::new(weights, bias.as_deref()),
                })
            }
        }
    }

    /// Whether a row's result depends on the other rows of the batch.
    pub(crate) fn depends_on_batch(&self) -> bool {
        self.int8_outliers() == Some(Outliers::ByBatch)
    }

    /// Rows that a product takes together, and no thread divides.
    pub(crate) fn group(&self) -> usize {
        match self {
            Self::Plain(_) => 1,
            Self::Packed(packed) => packed.layer.weights().group(),
        }
    }

    /// Whether it multiplies factors that are rounded, to bf16 or to 8 bits.
    pub(crate) fn rounds_factors(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Packed(packed) => !matches!(packed.layer.weights(), LinearWeights::Float(_)),
        }
    }

    fn int8_outliers(&self) -> Option<Outliers> {
        match self.packed()?.weights() {
            LinearWeights::Int8(weights) => Some(weights.outliers()),
            _ => None,
        }
    }

    /// `[rows, input]` → `[rows, output]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Plain(plain) => plain.forward(x),
            Self::Packed(packed) => packed.forward(x, None),
        }
    }

    /// [`Self::forward`], then the activation: `[rows, input]` → `[rows, output]`
    pub fn forward_activated(&self, x: Tensor<2>, activation: Activation) -> Tensor<2> {
        match self {
            Self::Packed(packed) if epilogue::fuses(activation) => {
                packed.forward(x, Some(activation))
            }
            #[cfg(feature = "_gpu")]
            Self::Plain(plain) if is_on_gpu(&x) && activation == Activation::Gelu => {
                plain.forward_on_gpu(x, true)
            }
            _ => activation.forward(self.forward(x)),
        }
    }

    /// The layer, where its weights are packed.
    pub(crate) fn packed(&self) -> Option<&PackedLayer> {
        match self {
            Self::Packed(packed) => Some(&packed.layer),
            Self::Plain(_) => None,
        }
    }
}

impl PlainLinear {
    /// `[rows, input]` → `[rows, output]`
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        #[cfg(feature = "_gpu")]
        if is_on_gpu(&x) {
            return self.forward_on_gpu(x, false);
        }
        let y = x.matmul(self.weight.val().transpose());
        match &self.bias {
            Some(bias) => y + bias.val().unsqueeze(),
            None => y,
        }
    }
}

#[cfg(feature = "_gpu")]
impl PlainLinear {
    /// `[rows, input]` → `[rows, output]`, through GELU if `gelu`.
    fn forward_on_gpu(&self, x: Tensor<2>, gelu: bool) -> Tensor<2> {
        let (weight, bias) = (self.weight.val(), self.bias.as_ref().map(Param::val));
        match bias {
            // GELU is a pass of its own, whose time is the memory's: there a bias costs nothing.
            Some(bias) if gelu => {
                gpu::layers::add_bias(gpu::layers::linear(x, weight, None), bias, gelu)
            }
            bias => {
                let y = gpu::layers::linear(x, weight, bias);
                if gelu { Activation::Gelu.forward(y) } else { y }
            }
        }
    }
}

impl PackedLinear {
    /// `[rows, input]` → `[rows, output]`
    fn forward(&self, x: Tensor<2>, activation: Option<Activation>) -> Tensor<2> {
        linear::linear(x, &self.layer, activation)
    }
}

#[cfg(feature = "_gpu")]
impl Linear {
    /// Weight `[output, input]` and bias `[output]`, where this is a plain layer that has both.
    pub(crate) fn plain_parameters(&self) -> Option<(Tensor<2>, Tensor<1>)> {
        match self {
            Self::Plain(PlainLinear {
                weight,
                bias: Some(bias),
            }) => Some((weight.val(), bias.val())),
            _ => None,
        }
    }
}
