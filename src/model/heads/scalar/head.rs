//! The hidden state that a scalar head reads → a score.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::model::heads::scalar::config::ScalarConfig;
use crate::model::heads::scalar::last_token::LastTokenHead;
use crate::model::heads::scalar::pooled::PooledHead;
use crate::model::parameters::Parameters;
use crate::support::error::Result;

/// One of the scalar heads.
#[derive(Module, Debug)]
pub enum ScalarHead {
    Pooled(PooledHead),
    LastToken(LastTokenHead),
}

impl ScalarHead {
    pub(in crate::model::heads) fn load(
        from: &mut impl Parameters,
        config: &ScalarConfig,
        hidden: usize,
    ) -> Result<Self> {
        Ok(match config {
            ScalarConfig::Pooled(config) => Self::Pooled(PooledHead::load(from, config, hidden)?),
            ScalarConfig::LastToken(_) => Self::LastToken(LastTokenHead::load(from, hidden)?),
        })
    }

    /// `hidden`: `[rows, 1, hidden]` → the score of each row, `[rows]`.
    pub(in crate::model::heads) fn forward(&self, hidden: Tensor<3>) -> Tensor<1> {
        let [rows, _, size] = hidden.dims();
        let hidden = hidden.reshape([rows, size]);
        let scores = match self {
            Self::Pooled(head) => head.forward(hidden),
            Self::LastToken(head) => head.forward(hidden),
        };
        scores.reshape([rows])
    }
}
