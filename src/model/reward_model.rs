//! An encoder under a head.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::model::config::ModelConfig;
use crate::model::deberta::Encoder;
use crate::model::heads::Head;
use crate::model::parameters::Parameters;
use crate::model::token_rows::TokenRows;
use crate::support::error::Result;

/// A model that gives one number for a token row.
#[derive(Module, Debug)]
pub struct RewardModel {
    pub encoder: Encoder,
    pub head: Head,
    #[module(skip)]
    config: ModelConfig,
}

impl RewardModel {
    /// Takes the parameters of the encoder and of the head.
    ///
    /// # Errors
    /// Those of `from`: a parameter that is missing, has another shape or cannot be read.
    pub fn load(from: &mut impl Parameters, config: &ModelConfig) -> Result<Self> {
        Ok(Self {
            encoder: Encoder::load(from, config.encoder_name(), &config.encoder)?,
            head: Head::load(from, &config.head, config.encoder.hidden_size)?,
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
        let selection = Arc::new(rows.select(positions));
        let hidden = self.encoder.forward(rows, &selection);
        let [states, size] = hidden.dims();
        hidden.reshape([positions.len(), states / positions.len().max(1), size])
    }
}
