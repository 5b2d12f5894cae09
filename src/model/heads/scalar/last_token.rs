//! The scalar head over a decoder.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::model::config_keys::Keys;
use crate::model::heads::scalar::labels::one_label;
use crate::model::linear::Linear;
use crate::model::parameters::Parameters;
use crate::support::error::Result;

/// The head of transformers' `*ForSequenceClassification` on a decoder, with one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastTokenConfig {
    /// The padding token, which is not read at the end of a row: the configuration's, or what
    /// `with_pad` took. Old conversions of LLaMA have -1, which is no token's.
    pub pad: Option<i64>,
}

const NO_TOKEN: i64 = -1;

impl LastTokenConfig {
    /// Reads the head's part of a configuration.
    pub(in crate::model::heads) fn read(keys: &Keys, vocabulary: usize) -> Result<Self> {
        const KEY: &str = "pad_token_id";
        one_label(keys)?;
        let is_accepted =
            |pad: &i64| *pad == NO_TOKEN || usize::try_from(*pad).is_ok_and(|pad| pad < vocabulary);
        let pad = match keys.get(KEY) {
            None => None,
            Some(value) => {
                let accepted = format!("an id below vocab_size {vocabulary}, or -1");
                let pad = value.as_i64().filter(is_accepted);
                Some(pad.ok_or_else(|| keys.refuse(KEY, &accepted))?)
            }
        };
        Ok(Self { pad })
    }

    /// The last position whose id is not that of padding; the first where all are. The padding
    /// token counts wherever it comes from: where it is the token that ends a text, too, the token
    /// before all of these is read (transformers from 4.50 on, `modeling_llama.py`).
    pub(super) fn position(&self, ids: &[u32]) -> usize {
        let last = ids.iter().rposition(|id| Some(i64::from(*id)) != self.pad);
        last.unwrap_or(0)
    }
}

/// `score`: a linear layer of one output and no bias.
#[derive(Module, Debug)]
pub struct LastTokenHead {
    score: Linear,
}

impl LastTokenHead {
    pub(super) fn load(from: &mut impl Parameters, hidden: usize) -> Result<Self> {
        let is_there = from.has("score.weight");
        let score = Linear::load_unbiased(from, "score", hidden, 1);
        let score = score.map_err(|error| {
            if is_there {
                return error;
            }
            error.or_hint(
                "a score needs the trained `score.weight` of one row, for which transformers would \
                 take random numbers",
            )
        })?;
        Ok(Self { score })
    }

    /// `[rows, hidden]` → the score of each row, `[rows, 1]`.
    pub(super) fn forward(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.score.forward(hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The recorded cases of `pooling.jsonl` without the model: padding anywhere, nowhere, alone.
    #[test]
    fn the_last_token_that_is_no_padding_is_read() {
        let config = |pad| LastTokenConfig { pad };
        for (pad, ids, position) in [
            (Some(9), &[1, 2, 3][..], 2),
            (Some(9), &[1, 9, 3, 9, 9], 2),
            (Some(9), &[9, 9], 0),
            (Some(9), &[], 0),
            (None, &[1, 9, 9], 2),
            (Some(NO_TOKEN), &[1, 9, 9], 2),
        ] {
            assert_eq!(config(pad).position(ids), position, "{ids:?}");
        }
    }
}
