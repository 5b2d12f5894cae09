//! A row of a result file, as every layout has it.

use crate::data::Id;
use crate::scoring::imported::numbers::{TieRule, counted, in_f32, sharing_with_first};
use crate::scoring::several::ScoredAnswers;
use crate::scoring::verdict::{AnswerScores, Outcome};

/// What another program says of an item.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ResultRow {
    /// `None` where the file has no such column.
    pub(super) subset: Option<String>,
    pub(super) id: Option<Id>,
    pub(super) outcome: Outcome,
}

/// Why numbers are no outcome.
pub(super) enum BadNumbers {
    /// The scores by themselves.
    Scores(String),
    /// The result is not what the scores make it.
    Contradiction(String),
}

/// Numbers of a row before they are looked at.
pub(super) struct RowNumbers {
    /// How many answers are chosen ones; they come first.
    pub(super) chosen: usize,
    pub(super) scores: Vec<f64>,
    /// What the file says that the row counts.
    pub(super) result: Option<f64>,
    /// What the other program counts where the highest score is shared.
    pub(super) ties: TieRule,
}

impl RowNumbers {
    /// The numbers as a scalar head gives them, without tokens: what was cut is not known.
    ///
    /// # Errors
    /// Why they are no scores, or not those from which the result comes.
    pub(super) fn outcome(self) -> Result<Outcome, BadNumbers> {
        if let Some(result) = self.result {
            self.check(result).map_err(BadNumbers::Contradiction)?;
        }
        let rounded = in_f32(&self.scores).map_err(BadNumbers::Scores)?;
        if let ([score_chosen, score_rejected], 1) = (rounded.as_slice(), self.chosen) {
            return Ok(Outcome::Scalar(AnswerScores {
                score_chosen: *score_chosen,
                score_rejected: *score_rejected,
                ..AnswerScores::default()
            }));
        }
        let scores = rounded.into_iter().map(Some).collect();
        let scored = ScoredAnswers::checked(self.chosen, scores, 0, [0; 3]);
        scored.map(Outcome::Scored).map_err(BadNumbers::Scores)
    }

    fn check(&self, result: f64) -> Result<(), String> {
        let own = counted(&self.scores, self.ties);
        let is_tied = sharing_with_first(&self.scores).is_some_and(|share| share > 1);
        if (own - result).abs() < 1e-9 || is_tied && self.ties == TieRule::Free {
            return Ok(());
        }
        let shown = self.scores.iter().take(6).map(f64::to_string);
        let shown: Vec<String> = shown.collect();
        Err(format!(
            "the result is {result}, but the scores {} make it {own}",
            shown.join(", ")
        ))
    }
}
