//! Token ids → embeddings.

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor, TensorData};

use crate::model::deberta::config::DebertaConfig;
use crate::model::layer_norm::LayerNorm;
use crate::model::linear::Linear;
use crate::model::parameters::Parameters;
use crate::model::token_rows::TokenRows;
use crate::model::word_embeddings::WordEmbeddings;
use crate::support::error::Result;

/// Word, absolute position and token type embeddings.
#[derive(Module, Debug)]
pub(super) struct Embeddings {
    words: WordEmbeddings,
    /// `[max positions, embedding]`, with `position_biased_input`.
    positions: Option<Param<Tensor<2>>>,
    /// `[types, embedding]`, where there are types: of the first and of the second segment.
    types: Option<Param<Tensor<2>>>,
    /// From embedding size to hidden size, where they differ.
    projection: Option<Linear>,
    norm: LayerNorm,
}

impl Embeddings {
    pub(super) fn load(
        from: &mut impl Parameters,
        name: &str,
        config: &DebertaConfig,
    ) -> Result<Self> {
        let size = config.embedding_size;
        let words = format!("{name}.word_embeddings");
        let words = WordEmbeddings::load(from, &words, config.vocab_size, size)?;
        let mut table = |part: &str, rows: usize| -> Result<_> {
            Ok(Param::from_tensor(
                from.tensor(&format!("{name}.{part}.weight"), [rows, size])?,
            ))
        };
        let positions = config
            .absolute_positions
            .map(|rows| table("position_embeddings", rows))
            .transpose()?;
        let types = (config.type_vocab_size > 0)
            .then(|| table("token_type_embeddings", config.type_vocab_size))
            .transpose()?;
        let projection = (size != config.hidden_size)
            .then(|| {
                Linear::load_unbiased(
                    from,
                    &format!("{name}.embed_proj"),
                    size,
                    config.hidden_size,
                )
            })
            .transpose()?;
        let norm = LayerNorm::load(
            from,
            &format!("{name}.LayerNorm"),
            config.hidden_size,
            config.layer_norm_eps,
        )?;
        Ok(Self {
            words,
            positions,
            types,
            projection,
            norm,
        })
    }

    /// The embeddings of all tokens, `[tokens, hidden]`.
    pub(super) fn forward(&self, rows: &TokenRows) -> Tensor<2> {
        let device = self.words.device();
        let index = |values: Vec<i64>| {
            let count = values.len();
            Tensor::<1, Int>::from_data(TensorData::new(values, [count]), &device)
        };
        let mut x = self.words.forward(rows.ids(), self.norm.dtype());
        if let Some(positions) = &self.positions {
            let positions_in_rows = rows
                .rows()
                .flat_map(|row| (0..row.len()).map(|i| i64::try_from(i).unwrap_or(i64::MAX)))
                .collect();
            x = x + positions.val().select(0, index(positions_in_rows));
        }
        if let Some(types) = &self.types {
            let mut of_tokens = vec![0; rows.ids().len()];
            for second in rows.second_segments() {
                of_tokens[second.clone()].fill(1);
            }
            x = x + types.val().select(0, index(of_tokens));
        }
        if let Some(projection) = &self.projection {
            x = projection.forward(x);
        }
        self.norm.forward(x)
    }
}
