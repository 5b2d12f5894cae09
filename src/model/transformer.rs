//! One of the architectures.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::model::architecture::Architecture;
use crate::model::deberta::{DebertaConfig, Encoder};
use crate::model::decoder::{Decoder, DecoderConfig};
use crate::model::parameters::Parameters;
use crate::model::token_rows::TokenRows;
use crate::support::error::Result;

/// An architecture, as its configuration describes it.
#[derive(Debug, Clone, PartialEq)]
pub enum TransformerConfig {
    Deberta(DebertaConfig),
    Decoder(DecoderConfig),
}

impl TransformerConfig {
    /// What the rest of the crate asks it.
    pub fn architecture(&self) -> &dyn Architecture {
        match self {
            Self::Deberta(config) => config,
            Self::Decoder(config) => config,
        }
    }
}

/// An architecture with its parameters: token rows → hidden states.
#[derive(Module, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a model has one, and layers are in a vector"
)]
pub enum Transformer {
    Deberta(Encoder),
    Decoder(Decoder),
}

impl Transformer {
    /// Takes every parameter below `{name}.`
    ///
    /// # Errors
    /// Those of `from`.
    pub fn load(
        from: &mut impl Parameters,
        name: &str,
        config: &TransformerConfig,
    ) -> Result<Self> {
        Ok(match config {
            TransformerConfig::Deberta(config) => Self::Deberta(Encoder::load(from, name, config)?),
            TransformerConfig::Decoder(config) => Self::Decoder(Decoder::load(from, name, config)?),
        })
    }

    /// The last hidden states at these positions of each row, `[positions, hidden]`.
    pub fn forward(&self, rows: &TokenRows, positions: &[Vec<usize>]) -> Tensor<2> {
        match self {
            Self::Deberta(encoder) => encoder.forward(rows, &Arc::new(rows.select(positions))),
            Self::Decoder(decoder) => decoder.forward(rows, positions),
        }
    }

    /// The last hidden states, `[tokens, hidden]`. `inspect` gets those of the embeddings and then
    /// those of each layer, `[tokens, hidden]` each.
    pub fn forward_each(&self, rows: &TokenRows, inspect: impl FnMut(&Tensor<2>)) -> Tensor<2> {
        match self {
            Self::Deberta(encoder) => encoder.forward_each(rows, inspect),
            Self::Decoder(decoder) => decoder.forward_each(rows, inspect),
        }
    }
}
