//! The hidden states that a head reads → one number a row.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::model::heads::config::HeadConfig;
use crate::model::heads::pairwise::PairwiseHead;
use crate::model::heads::scalar::ScalarHead;
use crate::model::parameters::Parameters;
use crate::support::error::Result;

/// One of the heads.
#[derive(Module, Debug)]
pub enum Head {
    Pairwise(PairwiseHead),
    Scalar(ScalarHead),
}

impl Head {
    /// Takes the parameters of the head.
    ///
    /// # Errors
    /// Those of `from`.
    pub fn load(from: &mut impl Parameters, config: &HeadConfig, hidden: usize) -> Result<Self> {
        Ok(match config {
            HeadConfig::Pairwise(config) => {
                Self::Pairwise(PairwiseHead::load(from, config, hidden)?)
            }
            HeadConfig::Scalar(config) => Self::Scalar(ScalarHead::load(from, config, hidden)?),
        })
    }

    /// `hidden`: `[rows, positions, hidden]` → `[rows]`
    pub fn forward(&self, hidden: Tensor<3>) -> Tensor<1> {
        match self {
            Self::Pairwise(head) => head.forward(&hidden),
            Self::Scalar(head) => head.forward(hidden),
        }
    }
}
