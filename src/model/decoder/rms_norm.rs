//! Root-mean-square normalisation.

use burn::module::Module;
use burn::tensor::{DType, Tensor};

use crate::kernels::rows;
use crate::kernels::rows::RmsNormWeights;
use crate::model::decoder::config::RmsNormConfig;
use crate::model::parameters::Parameters;
use crate::support::error::Result;

/// Root-mean-square normalisation over the last dimension.
#[derive(Module, Debug)]
pub(super) struct RmsNorm {
    #[module(skip)]
    weights: RmsNormWeights,
    /// Of the products that follow.
    #[module(skip)]
    dtype: DType,
}

impl RmsNorm {
    /// Takes `{name}.weight`.
    pub(super) fn load(
        from: &mut impl Parameters,
        name: &str,
        size: usize,
        config: RmsNormConfig,
    ) -> Result<Self> {
        let weight = from.tensor(&format!("{name}.weight"), [size])?;
        let dtype = weight.dtype();
        let data = weight.into_data();
        let weight = data.iter::<f32>().map(|weight| weight + config.offset);
        let weights = RmsNormWeights {
            weight: weight.collect(),
            eps: config.eps,
        };
        Ok(Self { weights, dtype })
    }

    pub(super) fn weights(&self) -> &RmsNormWeights {
        &self.weights
    }

    /// `[rows, size]` → `[rows, size]`, in the type of the model's products.
    pub(super) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        rows::rms_norm(x, &self.weights, self.dtype)
    }
}
