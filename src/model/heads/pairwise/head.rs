//! The pairwise head over an encoder: the hidden states of three marker tokens → a score per
//! candidate and task → a logit per row.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::model::heads::pairwise::config::PairwiseConfig;
use crate::model::linear::Linear;
use crate::model::parameters::Parameters;
use crate::support::error::Result;

/// `DebertaV2PairRM` of the model cards of `llm-blender/PairRM-hf` and `maywell/Better-PairRM`:
/// score(x) = W₄ · tanh(W₁ · [source ; x] + b₁) + b₄ for both candidates, logit = mean over the
/// tasks of score(first) − score(second).
#[derive(Module, Debug)]
pub struct PairwiseHead {
    /// `head_layer.1` (0 and 3 are dropout, 2 is tanh)
    inner: Linear,
    /// `head_layer.4`
    outer: Linear,
}

impl PairwiseHead {
    pub(in crate::model::heads) fn load(
        from: &mut impl Parameters,
        config: &PairwiseConfig,
        hidden: usize,
    ) -> Result<Self> {
        Ok(Self {
            inner: Linear::load(from, "head_layer.1", 2 * hidden, hidden)?,
            outer: Linear::load(from, "head_layer.4", hidden, config.n_tasks)?,
        })
    }

    /// `hidden`: `[rows, 3, hidden]`, the states of the markers → the logit of each row, `[rows]`:
    /// the preference of the first candidate over the second.
    pub(in crate::model::heads) fn forward(&self, hidden: &Tensor<3>) -> Tensor<1> {
        let [first, second] = self.scores(hidden);
        let difference = first - second;
        let [rows, tasks] = difference.dims();
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
    /// compares. `hidden` as in the logits.
    pub fn scores(&self, hidden: &Tensor<3>) -> [Tensor<2>; 2] {
        let [rows, _, size] = hidden.dims();
        let of_marker = |at: usize| {
            hidden
                .clone()
                .slice([0..rows, at..at + 1, 0..size])
                .reshape([rows, size])
        };
        let source = of_marker(0);
        [1, 2].map(|candidate| self.score(&source, of_marker(candidate)))
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
