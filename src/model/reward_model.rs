//! An architecture under a head.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::model::config::ModelConfig;
use crate::model::heads::Head;
use crate::model::parameters::Parameters;
use crate::model::token_rows::TokenRows;
use crate::model::transformer::Transformer;
use crate::support::error::Result;

/// A model that gives one number for a token row.
#[derive(Module, Debug)]
pub struct RewardModel {
    pub transformer: Transformer,
    pub head: Head,
    #[module(skip)]
    config: ModelConfig,
}

impl RewardModel {
    /// Takes the parameters of the architecture and of the head.
    ///
    /// # Errors
    /// Those of `from`: a parameter that is missing, has another shape or cannot be read.
    pub fn load(from: &mut impl Parameters, config: &ModelConfig) -> Result<Self> {
        Ok(Self {
            transformer: Transformer::load(from, config.transformer_name(), &config.transformer)?,
            head: Head::load(from, &config.head, config.architecture().hidden_size())?,
            config: config.clone(),
        })
    }

    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The number of each row, `[rows]`.
    ///
    /// `positions`: those that the head reads, one entry per row, from
    /// [`HeadConfig::positions`](crate::model::heads::HeadConfig::positions); rows after the last
    /// of them are padding.
    pub fn logits(&self, rows: &TokenRows, positions: &[Vec<usize>]) -> Tensor<1> {
        self.head.forward(self.hidden(rows, positions))
    }

    /// The hidden states at these positions, `[rows, positions, hidden]`. `positions` as in
    /// [`Self::logits`].
    pub fn hidden(&self, rows: &TokenRows, positions: &[Vec<usize>]) -> Tensor<3> {
        let hidden = self.transformer.forward(rows, positions);
        let [states, size] = hidden.dims();
        hidden.reshape([positions.len(), states / positions.len().max(1), size])
    }
}
