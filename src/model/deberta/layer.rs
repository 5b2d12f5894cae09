//! A transformer layer.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::kernels::attention::{Geometry, QuerySelection};
use crate::model::deberta::attention::SelfAttention;
use crate::model::deberta::config::DebertaConfig;
use crate::model::layer_norm::LayerNorm;
use crate::model::linear::Linear;
use crate::model::parameters::Parameters;
use crate::model::token_parts::in_parts_of_tokens;
use crate::support::error::Result;

/// One transformer layer; normalisation after each residual sum.
#[derive(Module, Debug)]
pub(super) struct Layer {
    attention: SelfAttention,
    attention_output: Linear,
    attention_norm: LayerNorm,
    intermediate: Linear,
    output: Linear,
    output_norm: LayerNorm,
}

impl Layer {
    pub(super) fn load(
        from: &mut impl Parameters,
        name: &str,
        config: &DebertaConfig,
        table: Option<&Tensor<2>>,
    ) -> Result<Self> {
        let (hidden, inner, eps) = (
            config.hidden_size,
            config.intermediate_size,
            config.layer_norm_eps,
        );
        Ok(Self {
            attention: SelfAttention::load(from, &format!("{name}.attention.self"), config, table)?,
            attention_output: Linear::load(
                from,
                &format!("{name}.attention.output.dense"),
                hidden,
                hidden,
            )?,
            attention_norm: LayerNorm::load(
                from,
                &format!("{name}.attention.output.LayerNorm"),
                hidden,
                eps,
            )?,
            intermediate: Linear::load(from, &format!("{name}.intermediate.dense"), hidden, inner)?,
            output: Linear::load(from, &format!("{name}.output.dense"), inner, hidden)?,
            output_norm: LayerNorm::load(from, &format!("{name}.output.LayerNorm"), hidden, eps)?,
        })
    }

    /// `x`: `[tokens, hidden]`; `table`: `[2 · span, hidden]` → `[queries, hidden]`: the tokens of
    /// `selection`, or all.
    pub(super) fn forward(
        &self,
        x: &Tensor<2>,
        table: Option<&Tensor<2>>,
        geometry: &Geometry,
        config: &DebertaConfig,
        selection: Option<&Arc<QuerySelection>>,
    ) -> Tensor<2> {
        let context = self.attention.forward(x, table, geometry, selection);
        let x = match selection {
            Some(selection) => selection.select(x.clone()),
            None => x.clone(),
        };
        let x = self
            .attention_norm
            .forward_residual(&self.attention_output, context, x);
        self.feed_forward(x, config)
    }

    /// `[tokens, hidden]` → `[tokens, hidden]`
    fn feed_forward(&self, x: Tensor<2>, config: &DebertaConfig) -> Tensor<2> {
        in_parts_of_tokens(x, &self.output, |x| {
            let inner = self
                .intermediate
                .forward_activated(x.clone(), config.activation);
            self.output_norm.forward_residual(&self.output, inner, x)
        })
    }

    /// Whether a token's result depends on the other tokens of the batch.
    pub(super) fn depends_on_batch(&self) -> bool {
        self.output.depends_on_batch()
    }
}
