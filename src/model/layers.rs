//! The two parameterised building blocks, in the checkpoint's own layout.

use burn::module::{Module, Param};
use burn::tensor::{Tensor, module::layer_norm};

use super::Parameters;
use crate::error::Result;

/// `x · Wᵀ + b` with W as PyTorch stores it, so that loading moves no element.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[output, input]`
    weight: Param<Tensor<2>>,
    /// `[output]`
    bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    /// Takes `{name}.weight` and `{name}.bias`.
    pub fn load(from: &mut impl Parameters, name: &str, input: usize, output: usize) -> Result<Self> {
        let mut linear = Self::load_unbiased(from, name, input, output)?;
        linear.bias = Some(Param::from_tensor(from.tensor(&format!("{name}.bias"), [output])?));
        Ok(linear)
    }

    /// Takes `{name}.weight` only.
    pub fn load_unbiased(from: &mut impl Parameters, name: &str, input: usize, output: usize) -> Result<Self> {
        Ok(Self { weight: Param::from_tensor(from.tensor(&format!("{name}.weight"), [output, input])?), bias: None })
    }

    /// `[rows, input]` → `[rows, output]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let y = x.matmul(self.weight.val().transpose());
        match &self.bias {
            Some(bias) => y + bias.val().unsqueeze(),
            None => y,
        }
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

    /// `[rows, size]` → `[rows, size]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        layer_norm(x, self.gamma.val(), Some(self.beta.val()), self.eps)
    }
}
