//! The numbers that a model gives for a line's answers.

use crate::scoring::Outcome;

/// Of the answers that were asked about, by their places among these.
#[derive(Debug)]
pub(super) struct Numbers {
    /// As [`Outcome::scores`] has them.
    pub(super) scores: Vec<f32>,
    /// Of a pairwise model: by the answer on the left, then the one on the right; 0 for one with
    /// itself, NaN where two were not read.
    pub(super) logits: Option<Vec<Vec<f32>>>,
}

impl Numbers {
    /// Of a single answer under a pairwise model, which needs no model.
    pub(super) fn of_one() -> Self {
        Self {
            scores: vec![0.0],
            logits: Some(vec![vec![0.0]]),
        }
    }

    pub(super) fn of(outcome: &Outcome) -> Self {
        let logits = match outcome {
            Outcome::Pairwise(pair) => {
                Some(vec![vec![0.0, pair.logit_ab], vec![pair.logit_ba, 0.0]])
            }
            Outcome::Compared(several) => Some(matrix(&several.logits, several.answers)),
            Outcome::Scalar(_) | Outcome::Scored(_) => None,
        };
        Self {
            scores: outcome.scores().unwrap_or_default(),
            logits,
        }
    }

    /// How much the model prefers one answer to another.
    pub(super) fn margin(&self, one: usize, other: usize) -> f32 {
        match &self.logits {
            Some(logits) => logits[one][other] - logits[other][one],
            None => self.scores[one] - self.scores[other],
        }
    }

    /// Of each of the first `n` answers with each.
    pub(super) fn margins(&self, n: usize) -> Vec<Vec<f32>> {
        let of = |one: usize| (0..n).map(|other| self.margin(one, other)).collect();
        (0..n).map(of).collect()
    }
}

fn matrix(logits: &[Option<f32>], answers: usize) -> Vec<Vec<f32>> {
    let logit = |left: usize, right: usize| {
        let same = if left == right { 0.0 } else { f32::NAN };
        logits[left * answers + right].unwrap_or(same)
    };
    let row = |left: usize| (0..answers).map(|right| logit(left, right)).collect();
    (0..answers).map(row).collect()
}
