//! The pairwise head over an encoder: the hidden states of three marker tokens → a score per
//! candidate and task → a logit per row.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::kernels::attention::QuerySelection;
use crate::model::deberta::Encoder;
use crate::model::heads::pairwise::config::PairConfig;
use crate::model::heads::pairwise::markers::Markers;
use crate::model::linear::Linear;
use crate::model::parameters::Parameters;
use crate::model::token_rows::TokenRows;
use crate::support::error::Result;

/// `DebertaV2PairRM` of the model cards of `llm-blender/PairRM-hf` and `maywell/Better-PairRM`:
/// score(x) = W₄ · tanh(W₁ · [source ; x] + b₁) + b₄ for both candidates, logit = mean over the
/// tasks of score(first) − score(second).
#[derive(Module, Debug)]
pub struct PairModel {
    pub encoder: Encoder,
    /// `head_layer.1` (0 and 3 are dropout, 2 is tanh)
    inner: Linear,
    /// `head_layer.4`
    outer: Linear,
    #[module(skip)]
    config: PairConfig,
}

impl PairModel {
    /// Takes the parameters of the encoder and of the head.
    ///
    /// # Errors
    /// Those of `from`: a parameter that is missing, has another shape or cannot be read.
    pub fn load(from: &mut impl Parameters, config: &PairConfig) -> Result<Self> {
        let size = config.encoder.hidden_size;
        Ok(Self {
            encoder: Encoder::load(from, "pretrained_model", &config.encoder)?,
            inner: Linear::load(from, "head_layer.1", 2 * size, size)?,
            outer: Linear::load(from, "head_layer.4", size, config.n_tasks)?,
            config: config.clone(),
        })
    }

    pub fn config(&self) -> &PairConfig {
        &self.config
    }

    /// The logit of each row, `[rows]`: the preference of the first candidate over the second.
    ///
    /// `markers`: one entry per row, from [`PairConfig::markers`]; rows after the last of them are
    /// padding.
    pub fn logits(&self, rows: &TokenRows, markers: &[Markers]) -> Tensor<1> {
        let [first, second] = self.scores(rows, markers);
        let (rows, tasks) = (markers.len(), self.config.n_tasks);
        let difference = first - second;
        let of_task = |task: usize| {
            difference
                .clone()
                .slice([0..rows, task..task + 1])
                .reshape([rows])
        };
        // One after the other: for a reduction over these few numbers a GPU would spend seconds on
        // autotuning.
        let sum = (1..tasks)
            .map(of_task)
            .fold(of_task(0), |sum, task| sum + task);
        if tasks == 1 {
            sum
        } else {
            sum / f64::from(u32::try_from(tasks).unwrap_or(u32::MAX))
        }
    }

    /// Scores of the first and of the second candidate, `[rows, tasks]` each: what training
    /// compares. `markers` as in [`Self::logits`].
    pub fn scores(&self, rows: &TokenRows, markers: &[Markers]) -> [Tensor<2>; 2] {
        let positions: Vec<[usize; 3]> = markers
            .iter()
            .map(|m| [m.source, m.first, m.second])
            .collect();
        let selection = Arc::new(QuerySelection::new(
            rows.offsets(),
            positions.iter().map(<[usize; 3]>::as_slice),
        ));
        let hidden = self.encoder.forward(rows, &selection);
        let [_, size] = hidden.dims();
        let hidden = hidden.reshape([markers.len(), 3, size]);
        let of_marker = |at: usize| {
            hidden
                .clone()
                .slice([0..markers.len(), at..at + 1, 0..size])
                .reshape([markers.len(), size])
        };
        let source = of_marker(0);
        [
            self.score(&source, of_marker(1)),
            self.score(&source, of_marker(2)),
        ]
    }

    /// `source`, `candidate`: `[rows, hidden]` → `[rows, tasks]`
    fn score(&self, source: &Tensor<2>, candidate: Tensor<2>) -> Tensor<2> {
        self.outer.forward(
            self.inner
                .forward(Tensor::cat(vec![source.clone(), candidate], 1))
                .tanh(),
        )
    }
}
