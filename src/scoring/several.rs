//! What a model said of an item with more than two answers: its numbers, and what follows from
//! them.

use serde::{Deserialize, Serialize};

use crate::data::{Comparisons, Item};
use crate::scoring::exact;

/// Several answers under a pairwise head, which reads two of them at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ComparedAnswers {
    /// How many answers are chosen ones; they come first.
    pub(crate) chosen: usize,
    pub(crate) answers: usize,
    /// Which of them were read against each other.
    pub(crate) comparisons: Comparisons,
    /// Row by row: that with answer i on the left and j on the right is at i · answers + j. `None`
    /// where the two were not read; NaN where they could not be scored.
    pub(crate) logits: Vec<Option<f32>>,
    /// Why there is no token row that the reference could score.
    pub(crate) unscorable: Option<String>,
    /// Of all rows.
    pub(crate) tokens: usize,
    /// Ids that truncation removed from the prompt, a chosen and a rejected answer: the most of
    /// any.
    pub(crate) cuts: [usize; 3],
}

/// Several answers under a scalar head, which reads one at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ScoredAnswers {
    /// How many answers are chosen ones; they come first.
    pub(crate) chosen: usize,
    /// NaN where the item was not scored.
    pub(crate) scores: Vec<f32>,
    /// Why there is no token row that the reference could score.
    pub(crate) unscorable: Option<String>,
    /// Of all rows.
    pub(crate) tokens: usize,
    /// As in [`ComparedAnswers`].
    pub(crate) cuts: [usize; 3],
}

impl ComparedAnswers {
    /// `numbers`: of pairs of answers, the left one first.
    pub(crate) fn new(item: &Item, numbers: impl Iterator<Item = ([usize; 2], f32)>) -> Self {
        let answers = item.answers().len();
        let mut logits = vec![None; answers * answers];
        for ([left, right], logit) in numbers {
            logits[left * answers + right] = Some(logit);
        }
        Self {
            chosen: item.chosen.len(),
            answers,
            comparisons: item.comparisons,
            logits,
            unscorable: None,
            tokens: 0,
            cuts: [0; 3],
        }
    }

    /// From a file.
    ///
    /// # Errors
    /// Why the logits are not those of answers that were compared so.
    pub(crate) fn checked(
        chosen: usize,
        comparisons: Comparisons,
        logits: Vec<Option<f32>>,
        tokens: usize,
        cuts: [usize; 3],
    ) -> Result<Self, String> {
        let answers = logits.len().isqrt();
        if answers * answers != logits.len() {
            return Err(format!("{} logits are no square", logits.len()));
        }
        check(chosen, answers)?;
        let found = Self {
            chosen,
            answers,
            comparisons,
            logits,
            unscorable: None,
            tokens,
            cuts,
        };
        let pairs = comparisons.ordered_pairs(chosen, answers);
        let is_there = |[left, right]: &[usize; 2]| found.logit(*left, *right).is_some();
        let there = found.logits.iter().flatten().count();
        if pairs.iter().all(is_there) && there == pairs.len() {
            Ok(found)
        } else {
            Err("the logits are not those of the answers that were compared".to_owned())
        }
    }

    fn logit(&self, left: usize, right: usize) -> Option<f32> {
        *self.logits.get(left * self.answers + right)?
    }

    /// How much the model prefers one answer to another.
    fn delta(&self, one: usize, other: usize) -> Option<f32> {
        Some(self.logit(one, other)? - self.logit(other, one)?)
    }

    pub(super) fn preference(&self, chosen: usize, rejected: usize) -> f32 {
        self.delta(chosen, self.chosen + rejected)
            .unwrap_or(f32::NAN)
    }

    /// With the full matrix, what `llm_blender`'s `rank` makes of it: the mean over all answers of
    /// how much one is preferred. With a star, how much it is preferred to the first answer. `None`
    /// where the chosen answers were not compared with each other.
    pub(super) fn scores(&self) -> Option<Vec<f32>> {
        let all = 0..self.answers;
        match self.comparisons {
            Comparisons::Across => None,
            Comparisons::Full => Some(all.map(|answer| self.mean_delta(answer)).collect()),
            Comparisons::Star => {
                let delta = |answer| self.delta(answer, 0).unwrap_or(f32::NAN);
                let score = |answer| if answer == 0 { 0.0 } else { delta(answer) };
                Some(all.map(score).collect())
            }
        }
    }

    /// Summed in f64, rounded once: answers with equal logits get equal scores.
    fn mean_delta(&self, answer: usize) -> f32 {
        let delta = |other: usize| {
            let logits = [self.logit(answer, other), self.logit(other, answer)];
            let [left, right] = logits.map(|logit| f64::from(logit.unwrap_or(f32::NAN)));
            left - right
        };
        let others = (0..self.answers).filter(|other| *other != answer);
        #[expect(clippy::cast_precision_loss, reason = "a few answers")]
        let mean = others.map(delta).sum::<f64>() / self.answers as f64;
        #[expect(clippy::cast_possible_truncation, reason = "means of f32")]
        let mean = mean as f32;
        mean
    }

    pub(super) fn margin(&self) -> f32 {
        if let Some(scores) = self.scores() {
            return margin(&scores, self.chosen);
        }
        let deltas = (0..self.chosen).flat_map(|chosen| {
            let rejected = 0..self.answers - self.chosen;
            rejected.map(move |rejected| self.preference(chosen, rejected))
        });
        least(deltas)
    }

    /// Of each chosen answer with each rejected one that were read: the logit with the chosen
    /// answer left, and that with the rejected answer left.
    pub(super) fn both_orders(&self) -> Vec<[f32; 2]> {
        let pairs = (0..self.chosen).flat_map(|c| (self.chosen..self.answers).map(move |r| (c, r)));
        let orders = |(chosen, rejected)| {
            Some([self.logit(chosen, rejected)?, self.logit(rejected, chosen)?])
        };
        pairs.filter_map(orders).collect()
    }
}

impl ScoredAnswers {
    /// From a file.
    ///
    /// # Errors
    /// Why these are no scores of several answers.
    pub(crate) fn checked(
        chosen: usize,
        scores: Vec<Option<f32>>,
        tokens: usize,
        cuts: [usize; 3],
    ) -> Result<Self, String> {
        check(chosen, scores.len())?;
        let scores: Option<Vec<f32>> = scores.into_iter().collect();
        Ok(Self {
            chosen,
            scores: scores.ok_or("an answer without a score")?,
            unscorable: None,
            tokens,
            cuts,
        })
    }

    pub(super) fn preference(&self, chosen: usize, rejected: usize) -> f32 {
        let score = |at: usize| self.scores.get(at).copied().unwrap_or(f32::NAN);
        score(chosen) - score(self.chosen + rejected)
    }

    pub(super) fn margin(&self) -> f32 {
        margin(&self.scores, self.chosen)
    }
}

/// The lowest chosen score minus the highest rejected one.
fn margin(scores: &[f32], chosen: usize) -> f32 {
    let (chosen, rejected) = scores.split_at(chosen);
    let highest = -least(rejected.iter().map(|score| -score));
    least(chosen.iter().copied()) - highest
}

/// The lowest; NaN where one is, or none is there.
fn least(values: impl Iterator<Item = f32>) -> f32 {
    let lower = |least: f32, value: f32| {
        if least.is_nan() || value.is_nan() {
            f32::NAN
        } else {
            least.min(value)
        }
    };
    values.reduce(lower).unwrap_or(f32::NAN)
}

/// Either of them in JSON, before anybody checks it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Written {
    chosen: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comparisons: Option<Comparisons>,
    /// A square of logits, or a list of scores.
    #[serde(with = "exact::list")]
    numbers: Vec<Option<f32>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unscorable: Option<String>,
    tokens: usize,
    cuts: [usize; 3],
}

impl From<ComparedAnswers> for Written {
    fn from(own: ComparedAnswers) -> Self {
        Self {
            chosen: own.chosen,
            comparisons: Some(own.comparisons),
            numbers: own.logits,
            unscorable: own.unscorable,
            tokens: own.tokens,
            cuts: own.cuts,
        }
    }
}

impl From<ScoredAnswers> for Written {
    fn from(own: ScoredAnswers) -> Self {
        Self {
            chosen: own.chosen,
            comparisons: None,
            numbers: own.scores.into_iter().map(Some).collect(),
            unscorable: own.unscorable,
            tokens: own.tokens,
            cuts: own.cuts,
        }
    }
}

impl TryFrom<Written> for ComparedAnswers {
    type Error = String;

    fn try_from(own: Written) -> Result<Self, String> {
        let comparisons = own.comparisons.ok_or("logits without what was compared")?;
        let found = Self::checked(own.chosen, comparisons, own.numbers, own.tokens, own.cuts)?;
        Ok(Self {
            unscorable: own.unscorable,
            ..found
        })
    }
}

impl TryFrom<Written> for ScoredAnswers {
    type Error = String;

    fn try_from(own: Written) -> Result<Self, String> {
        let found = Self::checked(own.chosen, own.numbers, own.tokens, own.cuts)?;
        Ok(Self {
            unscorable: own.unscorable,
            ..found
        })
    }
}

/// Some answers are chosen ones, and some are not.
fn check(chosen: usize, answers: usize) -> Result<(), String> {
    if (1..answers).contains(&chosen) {
        Ok(())
    } else {
        Err(format!("{chosen} chosen of {answers} answers"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::Outcome;

    fn compared(comparisons: Comparisons, chosen: usize, logits: &[&[f32]]) -> ComparedAnswers {
        let n = logits.len();
        let mut all = vec![None; n * n];
        for [left, right] in comparisons.ordered_pairs(chosen, n) {
            all[left * n + right] = Some(logits[left][right]);
        }
        ComparedAnswers {
            chosen,
            answers: n,
            comparisons,
            logits: all,
            unscorable: None,
            tokens: 9,
            cuts: [0, 1, 2],
        }
    }

    const L: [&[f32]; 4] = [
        &[0.0, 1.5, 2.0, 0.5],
        &[-1.5, 0.0, 0.25, -1.0],
        &[-2.0, -0.25, 0.0, -1.25],
        &[-0.5, 1.0, 1.25, 0.0],
    ];

    /// The scores are llm-blender's of this matrix: the worked example of its rule.
    #[test]
    fn scores_are_means_over_the_matrix_or_differences_from_the_first() {
        let full = compared(Comparisons::Full, 1, &L);
        assert_eq!(full.scores().unwrap(), [2.0, -1.125, -1.75, 0.875]);
        assert!((full.margin() - 1.125).abs() < f32::EPSILON);
        let star = compared(Comparisons::Star, 1, &L);
        assert_eq!(star.scores().unwrap(), [0.0, -3.0, -4.0, -1.0]);
        let across = compared(Comparisons::Across, 2, &L);
        assert!(across.scores().is_none());
        // The second answer against the last is the worst.
        assert_eq!((across.margin(), across.preference(1, 1)), (-2.0, -2.0));
        assert_eq!(across.both_orders().len(), 4);
        assert_eq!(full.both_orders(), [[1.5, -1.5], [2.0, -2.0], [0.5, -0.5]]);
    }

    #[test]
    fn one_number_that_is_none_spoils_the_margin() {
        let mut full = compared(Comparisons::Full, 1, &L);
        full.logits[2 * 4 + 3] = Some(f32::NAN);
        assert!(full.margin().is_nan());
        let scored = |scores: &[f32]| ScoredAnswers {
            chosen: 2,
            scores: scores.to_vec(),
            unscorable: None,
            tokens: 0,
            cuts: [0; 3],
        };
        assert!(scored(&[1.0, f32::NAN, 0.0]).margin().is_nan());
        assert!(scored(&[1.0, 2.0, f32::NAN, 0.0]).margin().is_nan());
        let found = scored(&[1.0, 3.0, 0.5, -1.0]);
        assert!((found.margin() - 0.5).abs() < 1e-9 && (found.preference(1, 1) - 4.0).abs() < 1e-9);
    }

    #[test]
    fn numbers_come_back_and_damaged_ones_are_refused() {
        let outcomes = [
            Outcome::Compared(compared(Comparisons::Star, 1, &L)),
            Outcome::Scored(ScoredAnswers {
                chosen: 1,
                scores: vec![0.1, f32::INFINITY, -3.0],
                unscorable: Some("why".to_owned()),
                tokens: 5,
                cuts: [1, 0, 0],
            }),
        ];
        for outcome in outcomes {
            let text = serde_json::to_string(&outcome).unwrap();
            assert_eq!(
                serde_json::from_str::<Outcome>(&text).unwrap(),
                outcome,
                "{text}"
            );
            for (from, to) in [
                ("\"chosen\":1", "\"chosen\":0"),
                ("\"chosen\":1", "\"chosen\":4"),
                ("\"numbers\":[", "\"numbers\":[0.5,"),
                ("\"numbers\":[", "\"numbers\":[null,"),
                ("star", "full"),
            ] {
                let damaged = text.replace(from, to);
                let is_scores = matches!(outcome, Outcome::Scored(_));
                let is_legal = damaged == text || is_scores && to.ends_with("0.5,");
                let read = serde_json::from_str::<Outcome>(&damaged);
                assert_eq!(read.is_ok(), is_legal, "{damaged}");
            }
        }
    }
}
