//! The scalar head over an encoder.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::model::heads::scalar::config::ScalarConfig;
use crate::model::linear::Linear;
use crate::model::parameters::Parameters;
use crate::support::error::Result;

/// `ContextPooler` and classifier of transformers' `modeling_deberta_v2.py`: score =
/// W · activation(P · h + p) + b, without a sigmoid. Its dropouts do nothing in evaluation.
#[derive(Module, Debug)]
pub struct ScalarHead {
    pooler: Linear,
    classifier: Linear,
    #[module(skip)]
    config: ScalarConfig,
}

impl ScalarHead {
    pub(in crate::model::heads) fn load(
        from: &mut impl Parameters,
        config: &ScalarConfig,
        hidden: usize,
    ) -> Result<Self> {
        let mut linear = |name, output| {
            Linear::load(from, name, hidden, output).map_err(|error| {
                error.or_hint(
                    "a score needs the trained pooler and a classifier of one row, for which \
                     transformers would take random numbers",
                )
            })
        };
        Ok(Self {
            pooler: linear("pooler.dense", hidden)?,
            classifier: linear("classifier", 1)?,
            config: config.clone(),
        })
    }

    /// `hidden`: `[rows, 1, hidden]` → the score of each row, `[rows]`.
    pub(in crate::model::heads) fn forward(&self, hidden: Tensor<3>) -> Tensor<1> {
        let [rows, _, size] = hidden.dims();
        let pooled = self
            .pooler
            .forward_activated(hidden.reshape([rows, size]), self.config.activation);
        self.classifier.forward(pooled).reshape([rows])
    }
}
