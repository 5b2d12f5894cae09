//! A layer of a decoder: normalisation before attention and feed-forward part, and in some families
//! after them, too.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{DType, Tensor};

use crate::kernels::attention::QuerySelection;
use crate::kernels::cpu::rows;
use crate::kernels::is_on_cpu;
use crate::model::decoder::attention::{Attention, BatchPositions};
use crate::model::decoder::config::DecoderConfig;
use crate::model::decoder::feed_forward::FeedForward;
use crate::model::decoder::rms_norm::RmsNorm;
use crate::model::parameters::Parameters;
use crate::support::error::Result;

#[derive(Module, Debug)]
pub(super) struct Layer {
    attention_norm: RmsNorm,
    attention: Attention,
    /// Of the attention's result.
    attention_result_norm: Option<RmsNorm>,
    feed_forward_norm: RmsNorm,
    feed_forward: FeedForward,
    /// Of the feed-forward part's result.
    feed_forward_result_norm: Option<RmsNorm>,
}

impl Layer {
    pub(super) fn load(
        from: &mut impl Parameters,
        name: &str,
        config: &DecoderConfig,
        window: Option<usize>,
    ) -> Result<Self> {
        let attention = Attention::load(from, &format!("{name}.self_attn"), config, window)?;
        let feed_forward = FeedForward::load(from, &format!("{name}.mlp"), config)?;
        let mut norm = |part: &str| {
            let name = format!("{name}.{part}");
            RmsNorm::load(from, &name, config.hidden_size, config.norm)
        };
        let attention_norm = norm("input_layernorm")?;
        // One name, two places: without norms of the results it stands before the second part.
        let after_attention = norm("post_attention_layernorm")?;
        Ok(if config.normalises_results {
            Self {
                attention_norm,
                attention,
                attention_result_norm: Some(after_attention),
                feed_forward_norm: norm("pre_feedforward_layernorm")?,
                feed_forward,
                feed_forward_result_norm: Some(norm("post_feedforward_layernorm")?),
            }
        } else {
            Self {
                attention_norm,
                attention,
                attention_result_norm: None,
                feed_forward_norm: after_attention,
                feed_forward,
                feed_forward_result_norm: None,
            }
        })
    }

    /// `[tokens, hidden]` → `[queries, hidden]`: the tokens of `selection`, or all.
    pub(super) fn forward(
        &self,
        x: Tensor<2>,
        batch: &BatchPositions,
        selection: Option<&Arc<QuerySelection>>,
    ) -> Tensor<2> {
        let normalised = |norm: &Option<RmsNorm>, x: Tensor<2>| match norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        let attended =
            self.attention
                .forward(&self.attention_norm.forward(x.clone()), batch, selection);
        let residual = match selection {
            Some(selection) => selection.select(x),
            None => x,
        };
        // What is added up from layer to layer is f32, whatever the products are in: in some models
        // it grows beyond what f16 holds.
        let attended = normalised(&self.attention_result_norm, attended);
        let x = sum(residual, attended.cast(DType::F32));
        let fed = self
            .feed_forward
            .forward(self.feed_forward_norm.forward(x.clone()));
        let fed = normalised(&self.feed_forward_result_norm, fed);
        sum(x, fed.cast(DType::F32))
    }

    /// Whether a token's result depends on the other tokens of the batch.
    pub(super) fn depends_on_batch(&self) -> bool {
        self.attention.depends_on_batch()
    }
}

/// x + y; both: `[tokens, hidden]` → `[tokens, hidden]`
fn sum(x: Tensor<2>, y: Tensor<2>) -> Tensor<2> {
    if is_on_cpu(&x) {
        rows::add(x, y)
    } else {
        x + y
    }
}
