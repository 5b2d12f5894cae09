//! The two parameterised building blocks.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::{DType, Tensor, module::layer_norm};

use crate::kernels::activation::Activation;
use crate::kernels::cpu::int8::Outliers;
use crate::kernels::cpu::linear;
use crate::kernels::cpu::linear::Packed;
#[cfg(feature = "_gpu")]
use crate::kernels::{gpu, is_on_gpu};
use crate::model::{Matrix, Parameters};
use crate::support::error::Result;

/// `x · Wᵀ + b`
#[derive(Module, Debug)]
pub enum Linear {
    Plain(PlainLinear),
    Packed(PackedLinear),
}

/// With W as PyTorch stores it: what gradients and devices without a product of our own need.
#[derive(Module, Debug)]
pub struct PlainLinear {
    /// `[output, input]`
    weight: Param<Tensor<2>>,
    /// `[output]`
    bias: Option<Param<Tensor<1>>>,
}

/// With W in panels, for [`linear::linear`].
#[derive(Module, Debug)]
pub struct PackedLinear {
    #[module(skip)]
    weight: Packed,
    /// `[output]`
    #[module(skip)]
    bias: Option<Arc<[f32]>>,
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

    /// Takes `{name}.weight` only.
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

    /// `bias`: `[output]`
    pub fn new(weight: Matrix, bias: Option<Tensor<1>>) -> Self {
        match weight {
            Matrix::Plain(weight) => Self::Plain(PlainLinear {
                weight: Param::from_tensor(weight),
                bias: bias.map(Param::from_tensor),
            }),
            Matrix::Packed(weight) => Self::Packed(PackedLinear {
                weight,
                bias: bias.map(|bias| bias.into_data().iter::<f32>().collect()),
            }),
        }
    }

    /// Whether a row's result depends on the other rows.
    pub fn depends_on_batch(&self) -> bool {
        matches!(self, Self::Packed(PackedLinear { weight: Packed::Int8(weight), .. }) if weight.outliers() == Outliers::ByBatch)
    }

    /// Whether its results have gone through 8 bits.
    pub fn is_int8(&self) -> bool {
        matches!(
            self,
            Self::Packed(PackedLinear {
                weight: Packed::Int8(_),
                ..
            })
        )
    }

    /// `[rows, input]` → `[rows, output]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Plain(plain) => plain.forward(x),
            Self::Packed(packed) => packed.forward(x, None),
        }
    }

    /// [`Self::forward`], then the activation.
    pub fn forward_activated(&self, x: Tensor<2>, activation: Activation) -> Tensor<2> {
        match self {
            Self::Packed(packed) if linear::fuses(activation) => {
                packed.forward(x, Some(activation))
            }
            #[cfg(feature = "_gpu")]
            Self::Plain(plain) if is_on_gpu(&x) && activation == Activation::Gelu => {
                plain.forward_on_gpu(x, true)
            }
            _ => activation.forward(self.forward(x)),
        }
    }
}

impl PlainLinear {
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
    fn forward_on_gpu(&self, x: Tensor<2>, gelu: bool) -> Tensor<2> {
        let y = gpu::layers::linear(x, self.weight.val());
        match &self.bias {
            Some(bias) => gpu::layers::add_bias(y, bias.val(), gelu),
            None if gelu => Activation::Gelu.forward(y),
            None => y,
        }
    }
}

impl PackedLinear {
    fn forward(&self, x: Tensor<2>, activation: Option<Activation>) -> Tensor<2> {
        linear::linear(x, &self.weight, self.bias.clone(), activation)
    }
}

/// Layer normalisation over the last dimension: biased variance, epsilon under the root.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[size]`
    gamma: Param<Tensor<1>>,
    /// `[size]`
    beta: Param<Tensor<1>>,
    #[module(skip)]
    eps: f64,
}

impl LayerNorm {
    /// Takes `{name}.weight` and `{name}.bias`.
    pub fn load(from: &mut impl Parameters, name: &str, size: usize, eps: f64) -> Result<Self> {
        Ok(Self {
            gamma: Param::from_tensor(from.tensor(&format!("{name}.weight"), [size])?),
            beta: Param::from_tensor(from.tensor(&format!("{name}.bias"), [size])?),
            eps,
        })
    }

    /// In which the model computes.
    pub fn dtype(&self) -> DType {
        self.gamma.val().dtype()
    }

    /// `[rows, size]` → `[rows, size]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        #[cfg(feature = "_gpu")]
        if is_on_gpu(&x) {
            return gpu::layers::add_norm(x, None, self.gamma.val(), self.beta.val(), self.eps);
        }
        layer_norm(x, self.gamma.val(), Some(self.beta.val()), self.eps)
    }

    /// The normalisation of a layer's output and what goes around it: `x`: `[rows, input]`;
    /// `residual`: `[rows, size]` → `[rows, size]`
    pub fn forward_residual(
        &self,
        linear: &Linear,
        x: Tensor<2>,
        residual: Tensor<2>,
    ) -> Tensor<2> {
        #[cfg(feature = "_gpu")]
        if let (
            Linear::Plain(PlainLinear {
                weight,
                bias: Some(bias),
            }),
            true,
        ) = (linear, is_on_gpu(&x))
        {
            let y = gpu::layers::linear(x, weight.val());
            return gpu::layers::add_norm(
                y,
                Some((bias.val(), residual)),
                self.gamma.val(),
                self.beta.val(),
                self.eps,
            );
        }
        self.forward(linear.forward(x) + residual)
    }
}
