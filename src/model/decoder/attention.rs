//! Causal self-attention with grouped queries and rotary positions.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::kernels::attention::QuerySelection;
use crate::kernels::causal_attention::{CausalGeometry, Piece, causal_attention};
use crate::kernels::rotary::RotaryTable;
use crate::kernels::rows;
use crate::kernels::rows::Rotation;
use crate::kernels::uploaded::Uploadable;
use crate::model::decoder::config::DecoderConfig;
use crate::model::decoder::packing::Packing;
use crate::model::decoder::rms_norm::RmsNorm;
use crate::model::linear::Linear;
use crate::model::parameters::Parameters;
use crate::support::error::Result;

/// What the attention needs of a batch; the same for all layers.
pub(super) struct BatchPositions {
    table: Uploadable<RotaryTable>,
    /// Of each token in its row.
    positions: Uploadable<[usize]>,
    pieces: Uploadable<[Piece]>,
}

impl BatchPositions {
    pub(super) fn new(config: &DecoderConfig, packing: &Packing) -> Self {
        let longest = packing.positions.iter().max().map_or(0, |last| last + 1);
        Self {
            table: Arc::new(config.rotary.table(config.head_size, longest)).into(),
            positions: packing.positions.as_slice().into(),
            pieces: packing.pieces.as_slice().into(),
        }
    }

    fn rotation(&self, norm: Option<&RmsNorm>, selection: Option<&QuerySelection>) -> Rotation {
        let positions = match selection {
            None => self.positions.clone(),
            Some(selection) => {
                let of_tokens = selection.tokens().iter();
                of_tokens.map(|token| self.positions[*token]).collect()
            }
        };
        Rotation {
            table: self.table.clone(),
            positions,
            norm: norm.map(|norm| norm.weights().clone()),
        }
    }
}

#[derive(Module, Debug)]
pub(super) struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    query_norm: Option<RmsNorm>,
    key_norm: Option<RmsNorm>,
    #[module(skip)]
    config: DecoderConfig,
    /// The most keys that a query sees.
    #[module(skip)]
    window: Option<usize>,
}

impl Attention {
    pub(super) fn load(
        from: &mut impl Parameters,
        name: &str,
        config: &DecoderConfig,
        window: Option<usize>,
    ) -> Result<Self> {
        let (hidden, queries, keys) = (config.hidden_size, config.query_size(), config.key_size());
        let biases = config.biases;
        let mut linear = |part: &str, input, output, bias| {
            Linear::load_as(from, &format!("{name}.{part}"), input, output, bias)
        };
        let (query, key, value) = (
            linear("q_proj", hidden, queries, biases.attention)?,
            linear("k_proj", hidden, keys, biases.attention)?,
            linear("v_proj", hidden, keys, biases.attention)?,
        );
        let output = linear("o_proj", queries, hidden, biases.attention_output)?;
        let mut norm = |part: &str| {
            let name = format!("{name}.{part}");
            let load = || RmsNorm::load(from, &name, config.head_size, config.norm);
            config.normalises_heads.then(load).transpose()
        };
        Ok(Self {
            query,
            key,
            value,
            output,
            query_norm: norm("q_norm")?,
            key_norm: norm("k_norm")?,
            config: config.clone(),
            window,
        })
    }

    /// `[tokens, hidden]` → `[queries, hidden]`: the tokens of `selection`, or all.
    pub(super) fn forward(
        &self,
        x: &Tensor<2>,
        batch: &BatchPositions,
        selection: Option<&Arc<QuerySelection>>,
    ) -> Tensor<2> {
        let queried = match selection {
            Some(selection) => selection.select(x.clone()),
            None => x.clone(),
        };
        let of_queries = batch.rotation(self.query_norm.as_ref(), selection.map(Arc::as_ref));
        let of_keys = batch.rotation(self.key_norm.as_ref(), None);
        let query = rows::rotate(self.query.forward(queried), &of_queries);
        let key = rows::rotate(self.key.forward(x.clone()), &of_keys);
        let value = self.value.forward(x.clone());
        let geometry = CausalGeometry {
            heads: self.config.heads,
            key_heads: self.config.key_heads,
            head_size: self.config.head_size,
            scale: self.config.attention_scale,
            soft_cap: self.config.soft_cap,
            window: self.window,
            pieces: batch.pieces.clone(),
        };
        let allow_bf16 = self.query.rounds_factors();
        let context = causal_attention(query, key, value, &geometry, selection, allow_bf16);
        self.output.forward(context)
    }

    /// Whether a token's result depends on the other tokens of the batch.
    pub(super) fn depends_on_batch(&self) -> bool {
        self.output.depends_on_batch()
    }
}
