//! Embeddings and layers in their order.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{DType, Tensor};

use crate::kernels::attention::QuerySelection;
use crate::model::decoder::attention::BatchPositions;
use crate::model::decoder::config::DecoderConfig;
use crate::model::decoder::layer::Layer;
use crate::model::decoder::packing::Packing;
use crate::model::decoder::rms_norm::RmsNorm;
use crate::model::parameters::Parameters;
use crate::model::token_rows::TokenRows;
use crate::model::word_embeddings::WordEmbeddings;
use crate::support::error::Result;

/// Embeddings, layers and the last normalisation.
#[derive(Module, Debug)]
pub struct Decoder {
    words: WordEmbeddings,
    layers: Vec<Layer>,
    norm: RmsNorm,
    #[module(skip)]
    config: DecoderConfig,
}

impl Decoder {
    /// Takes every parameter below `{name}.`
    ///
    /// # Errors
    /// Those of `from`.
    pub fn load(from: &mut impl Parameters, name: &str, config: &DecoderConfig) -> Result<Self> {
        let words = format!("{name}.embed_tokens");
        let words = WordEmbeddings::load(from, &words, config.vocab_size, config.hidden_size)?;
        let load = |(at, window): (usize, &Option<usize>)| {
            Layer::load(from, &format!("{name}.layers.{at}"), config, *window)
        };
        let windows = config.windows.iter().enumerate();
        Ok(Self {
            words,
            layers: windows.map(load).collect::<Result<_>>()?,
            norm: RmsNorm::load(
                from,
                &format!("{name}.norm"),
                config.hidden_size,
                config.norm,
            )?,
            config: config.clone(),
        })
    }

    /// The normalised output of the last layer at these positions of each row, `[positions,
    /// hidden]`. The last layer computes no others, and what neighbours begin with alike is
    /// computed once; unless a product depends on the batch, which then needs the whole of it.
    pub fn forward(&self, rows: &TokenRows, positions: &[Vec<usize>]) -> Tensor<2> {
        if self.layers.iter().any(Layer::depends_on_batch) {
            let packing = Packing::apart(rows, positions);
            return packing
                .selection
                .select(self.layers(&packing, None, |_| {}));
        }
        let packing = Packing::sharing(rows, positions);
        self.layers(&packing, Some(&packing.selection), |_| {})
    }

    /// The normalised output of the last layer, `[tokens, hidden]`. `inspect` gets the output of
    /// the embeddings, then that of each layer, the last one normalised, `[tokens, hidden]` each.
    pub fn forward_each(&self, rows: &TokenRows, inspect: impl FnMut(&Tensor<2>)) -> Tensor<2> {
        self.layers(&Packing::apart(rows, &[]), None, inspect)
    }

    /// Embeddings, all layers and the last normalisation. `selection`: what the last layer
    /// computes, instead of all.
    fn layers(
        &self,
        packing: &Packing,
        selection: Option<&Arc<QuerySelection>>,
        mut inspect: impl FnMut(&Tensor<2>),
    ) -> Tensor<2> {
        let batch = BatchPositions::new(&self.config, packing);
        let mut x = self.embed(&packing.ids);
        for (at, layer) in self.layers.iter().enumerate() {
            inspect(&x);
            let is_last = at + 1 == self.layers.len();
            x = layer.forward(x, &batch, selection.filter(|_| is_last));
        }
        let x = self.norm.forward(x);
        inspect(&x);
        x
    }

    /// `[tokens, hidden]`
    fn embed(&self, ids: &[u32]) -> Tensor<2> {
        let x = self.words.forward(ids, DType::F32);
        match self.config.embedding_scale {
            Some(scale) => x * scale,
            None => x,
        }
    }
}
