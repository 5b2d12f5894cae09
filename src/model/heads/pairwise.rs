//! The pair model: encoder, three marker tokens, one score per candidate and task.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::kernels::attention::QuerySelection;
use crate::model::config::PairConfig;
use crate::model::encoder::Encoder;
use crate::model::layers::Linear;
use crate::model::{Parameters, TokenRows};
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

/// PositionProjections of the three marker tokens in a token row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Markers {
    pub source: usize,
    pub first: usize,
    pub second: usize,
}

/// Why a row has no single position for each marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MarkerError {
    /// The reference asserts here.
    #[error("no {0} marker is left in the token row")]
    Missing(&'static str),
    /// The reference raises, or silently returns more logits than rows.
    #[error("the text contains the {0} marker token itself")]
    Repeated(&'static str),
}

impl PairModel {
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

    /// Logits of rows whose markers are known; one per row, `[rows]`.
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
        // One after the other: a GPU would try out ways to sum these few numbers for seconds.
        let sum = (1..tasks)
            .map(of_task)
            .fold(of_task(0), |sum, task| sum + task);
        if tasks == 1 {
            sum
        } else {
            sum / f64::from(u32::try_from(tasks).unwrap_or(u32::MAX))
        }
    }

    /// Scores of the left and of the right candidate, `[rows, tasks]` each: what training compares.
    pub fn scores(&self, rows: &TokenRows, markers: &[Markers]) -> [Tensor<2>; 2] {
        let places: Vec<[usize; 3]> = markers
            .iter()
            .map(|m| [m.source, m.first, m.second])
            .collect();
        let wanted = Arc::new(QuerySelection::new(
            rows.offsets(),
            places.iter().map(<[usize; 3]>::as_slice),
        ));
        let hidden = self.encoder.forward(rows, &wanted);
        let [_, size] = hidden.dims();
        let hidden = hidden.reshape([markers.len(), 3, size]);
        let pick = |at: usize| {
            hidden
                .clone()
                .slice([0..markers.len(), at..at + 1, 0..size])
                .reshape([markers.len(), size])
        };
        let source = pick(0);
        [self.score(&source, pick(1)), self.score(&source, pick(2))]
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

impl PairConfig {
    /// Finds the markers of one token row.
    pub fn markers(&self, ids: &[u32]) -> std::result::Result<Markers, MarkerError> {
        let only = |id: u32, name: &'static str| {
            let mut places = ids
                .iter()
                .enumerate()
                .filter(|(_, at)| **at == id)
                .map(|(i, _)| i);
            match (places.next(), places.next()) {
                (Some(place), None) => Ok(place),
                (None, _) => Err(MarkerError::Missing(name)),
                (Some(_), Some(_)) => Err(MarkerError::Repeated(name)),
            }
        };
        Ok(Markers {
            source: only(self.source_prefix_id, "source")?,
            first: only(self.cand1_prefix_id, "candidate1")?,
            second: only(self.cand2_prefix_id, "candidate2")?,
        })
    }
}
