//! Layer normalisation.

use burn::module::{Module, Param};
use burn::tensor::{DType, Tensor, module::layer_norm};

use crate::kernels::cpu::rows;
use crate::kernels::is_on_cpu;
#[cfg(feature = "_gpu")]
use crate::kernels::{gpu, is_on_gpu};
use crate::model::linear::Linear;
use crate::model::parameters::Parameters;
use crate::support::error::Result;

/// Layer normalisation over the last dimension: biased variance, epsilon under the root.
#[derive(Module, Debug)]
pub(crate) struct LayerNorm {
    /// `[size]`
    gamma: Param<Tensor<1>>,
    /// `[size]`
    beta: Param<Tensor<1>>,
    #[module(skip)]
    eps: f64,
}

impl LayerNorm {
    /// Takes `{name}.weight` and `{name}.bias`.
    pub(crate) fn load(
        from: &mut impl Parameters,
        name: &str,
        size: usize,
        eps: f64,
    ) -> Result<Self> {
        Ok(Self {
            gamma: Param::from_tensor(from.tensor(&format!("{name}.weight"), [size])?),
            beta: Param::from_tensor(from.tensor(&format!("{name}.bias"), [size])?),
            eps,
        })
    }

    /// The type in which the model computes.
    pub(crate) fn dtype(&self) -> DType {
        self.gamma.val().dtype()
    }

    /// `[rows, size]` → `[rows, size]`
    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        #[cfg(feature = "_gpu")]
        if is_on_gpu(&x) {
            return gpu::layers::add_norm(x, None, self.gamma.val(), self.beta.val(), self.eps);
        }
        if is_on_cpu(&x) {
            return rows::layer_norm(x, self.gamma.val(), self.beta.val(), self.eps);
        }
        layer_norm(x, self.gamma.val(), Some(self.beta.val()), self.eps)
    }

    /// The normalisation of `linear(x) + residual`. `x`: `[rows, input]`; `residual`:
    /// `[rows, size]` → `[rows, size]`
    pub(crate) fn forward_residual(
        &self,
        linear: &Linear,
        x: Tensor<2>,
        residual: Tensor<2>,
    ) -> Tensor<2> {
        #[cfg(feature = "_gpu")]
        if is_on_gpu(&x)
            && let Some((weight, bias)) = linear.plain_parameters()
        {
            let y = gpu::layers::linear(x, weight, None);
            let sum = Some((bias, residual));
            return gpu::layers::add_norm(y, sum, self.gamma.val(), self.beta.val(), self.eps);
        }
        let y = linear.forward(x);
        if is_on_cpu(&y) {
            let (gamma, beta) = (self.gamma.val(), self.beta.val());
            return rows::add_layer_norm(y, residual, gamma, beta, self.eps);
        }
        self.forward(y + residual)
    }
}
