//! What a model said of an item: its numbers, and what follows from them.

use serde::{Deserialize, Serialize};

use crate::checkpoint::PrecisionName;
use crate::data::{Id, Item};
use crate::scoring::exact;
use crate::scoring::several::{ComparedAnswers, ScoredAnswers};
use crate::support::bounded_count::bounded;

/// What the margin says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Margin above 0: the model prefers the chosen answer.
    Correct,
    /// Margin below 0.
    Wrong,
    /// Margin exactly 0; counts against the model, as in the reference.
    Tie,
    /// No finite margin, or no token row that the reference could score.
    Invalid,
}

impl Verdict {
    pub(crate) const ALL: [Self; 4] = [Self::Correct, Self::Wrong, Self::Tie, Self::Invalid];

    pub fn of_margin(margin: f32) -> Self {
        if !margin.is_finite() {
            Self::Invalid
        } else if margin > 0.0 {
            Self::Correct
        } else if margin < 0.0 {
            Self::Wrong
        } else {
            Self::Tie
        }
    }

    /// Of an item whose label is a tie, if `is_tie`: finding one is correct then, and finding a
    /// better answer wrong.
    #[must_use]
    pub(crate) fn under_label(self, is_tie: bool) -> Self {
        match self {
            Self::Tie if is_tie => Self::Correct,
            Self::Correct | Self::Wrong if is_tie => Self::Wrong,
            other => other,
        }
    }

    /// The verdict that files call so.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Correct => "correct",
            Self::Wrong => "wrong",
            Self::Tie => "tie",
            Self::Invalid => "invalid",
        }
    }
}

/// An item, by its key, with what one model said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredItem {
    pub row: usize,
    pub subset: String,
    pub id: Option<Id>,
    /// Whether the data says that neither answer is better.
    pub is_tie: bool,
    pub outcome: Outcome,
    /// In a run that computes in two precisions, the one of these numbers.
    pub precision: Option<PrecisionName>,
}

impl ScoredItem {
    pub(crate) fn new(item: &Item, outcome: Outcome) -> Self {
        Self {
            row: item.row,
            subset: item.subset.clone(),
            id: item.id.clone(),
            is_tie: item.is_tie,
            outcome,
            precision: None,
        }
    }

    pub(crate) fn in_precision(self, precision: Option<PrecisionName>) -> Self {
        Self { precision, ..self }
    }

    /// See `Outcome::margin`.
    pub fn margin(&self) -> f32 {
        self.outcome.margin()
    }

    /// What the numbers say of the label: see `Outcome::verdict`.
    pub fn verdict(&self) -> Verdict {
        self.outcome.verdict().under_label(self.is_tie)
    }
}

/// The numbers that a model's head gives for an item. Margin and verdict follow from them and are
/// stored nowhere beside them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "head", rename_all = "lowercase")]
pub enum Outcome {
    Pairwise(BothOrders),
    Scalar(AnswerScores),
    #[serde(rename = "pairwise-several")]
    Compared(ComparedAnswers),
    #[serde(rename = "scalar-several")]
    Scored(ScoredAnswers),
}

/// A pair under a pairwise head, which reads both answers at once: its two orders.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BothOrders {
    /// Chosen left, rejected right; NaN where the pair was not scored.
    #[serde(with = "exact")]
    pub logit_ab: f32,
    /// Rejected left, chosen right.
    #[serde(with = "exact")]
    pub logit_ba: f32,
    /// Why there is no token row that the reference could score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unscorable: Option<String>,
    #[serde(deserialize_with = "bounded")]
    pub tokens_ab: usize,
    #[serde(deserialize_with = "bounded")]
    pub tokens_ba: usize,
    /// Ids that truncation removed, in the order chosen left.
    #[serde(deserialize_with = "bounded")]
    pub source_cut: usize,
    #[serde(deserialize_with = "bounded")]
    pub chosen_cut: usize,
    #[serde(deserialize_with = "bounded")]
    pub rejected_cut: usize,
}

/// A pair under a scalar head, which reads one answer at a time: their scores.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AnswerScores {
    /// NaN where the pair was not scored.
    #[serde(with = "exact")]
    pub score_chosen: f32,
    #[serde(with = "exact")]
    pub score_rejected: f32,
    /// Why there is no token row that the reference could score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unscorable: Option<String>,
    #[serde(deserialize_with = "bounded")]
    pub tokens_chosen: usize,
    #[serde(deserialize_with = "bounded")]
    pub tokens_rejected: usize,
    /// Ids that truncation removed; of the prompt in that row where it removed more.
    #[serde(deserialize_with = "bounded")]
    pub source_cut: usize,
    #[serde(deserialize_with = "bounded")]
    pub chosen_cut: usize,
    #[serde(deserialize_with = "bounded")]
    pub rejected_cut: usize,
}

impl Outcome {
    /// How much the model prefers the chosen answer: logit(chosen first) − logit(rejected first),
    /// or score(chosen) − score(rejected). Of several answers it is that of the chosen and the
    /// rejected one that are nearest to each other, or most in the wrong order.
    pub(crate) fn margin(&self) -> f32 {
        match self {
            Self::Pairwise(pair) => pair.logit_ab - pair.logit_ba,
            Self::Scalar(pair) => pair.score_chosen - pair.score_rejected,
            Self::Compared(several) => several.margin(),
            Self::Scored(several) => several.margin(),
        }
    }

    /// How many answers are chosen ones.
    pub(crate) fn chosen(&self) -> usize {
        match self {
            Self::Pairwise(_) | Self::Scalar(_) => 1,
            Self::Compared(several) => several.chosen,
            Self::Scored(several) => several.chosen,
        }
    }

    /// How many answers are chosen ones, and how many rejected ones.
    pub(crate) fn answers(&self) -> [usize; 2] {
        let all = match self {
            Self::Pairwise(_) | Self::Scalar(_) => 2,
            Self::Compared(several) => several.answers,
            Self::Scored(several) => several.scores.len(),
        };
        [self.chosen(), all - self.chosen()]
    }

    /// Whether it is known how many tokens were read and cut. Results of other programs do not say
    /// it; what was read here has at least one token.
    pub(crate) fn knows_tokens(&self) -> bool {
        let tokens = match self {
            Self::Pairwise(pair) => pair.tokens_ab + pair.tokens_ba,
            Self::Scalar(pair) => pair.tokens_chosen + pair.tokens_rejected,
            Self::Compared(several) => several.tokens,
            Self::Scored(several) => several.tokens,
        };
        tokens > 0 || self.is_unscorable()
    }

    /// A score of every answer, the chosen ones first, where the numbers give one; the scores of a
    /// pair under a pairwise head are half of its margin apart from 0.
    pub(crate) fn scores(&self) -> Option<Vec<f32>> {
        match self {
            Self::Pairwise(_) => Some(vec![self.margin() / 2.0, -self.margin() / 2.0]),
            Self::Scalar(pair) => Some(vec![pair.score_chosen, pair.score_rejected]),
            Self::Compared(several) => several.scores(),
            Self::Scored(several) => Some(several.scores.clone()),
        }
    }

    /// How much the model prefers a chosen answer to a rejected one, each by its place among its
    /// own; NaN where there is no such number.
    pub(crate) fn preference(&self, chosen: usize, rejected: usize) -> f32 {
        match self {
            Self::Pairwise(_) | Self::Scalar(_) => self.margin(),
            Self::Compared(several) => several.preference(chosen, rejected),
            Self::Scored(several) => several.preference(chosen, rejected),
        }
    }

    /// Where one answer is better than the other; see [`ScoredItem::verdict`] for ties.
    pub(crate) fn verdict(&self) -> Verdict {
        Verdict::of_margin(self.margin())
    }

    /// Why the verdict is [`Verdict::Invalid`]; `None` where it is not.
    pub(crate) fn reason(&self) -> Option<&str> {
        let is_invalid = self.verdict() == Verdict::Invalid;
        is_invalid.then(|| self.unscorable().unwrap_or("the margin is not finite"))
    }

    fn unscorable(&self) -> Option<&str> {
        match self {
            Self::Pairwise(pair) => pair.unscorable.as_deref(),
            Self::Scalar(pair) => pair.unscorable.as_deref(),
            Self::Compared(several) => several.unscorable.as_deref(),
            Self::Scored(several) => several.unscorable.as_deref(),
        }
    }

    /// Whether there is no token row that the reference could score.
    pub(crate) fn is_unscorable(&self) -> bool {
        self.unscorable().is_some()
    }

    /// Says why there is no token row that the reference could score.
    pub(crate) fn set_unscorable(&mut self, reason: Option<String>) {
        match self {
            Self::Pairwise(pair) => pair.unscorable = reason,
            Self::Scalar(pair) => pair.unscorable = reason,
            Self::Compared(several) => several.unscorable = reason,
            Self::Scored(several) => several.unscorable = reason,
        }
    }

    /// Ids that truncation removed from the prompt, the chosen and the rejected answer.
    pub(crate) fn cuts(&self) -> [usize; 3] {
        match self {
            Self::Pairwise(pair) => [pair.source_cut, pair.chosen_cut, pair.rejected_cut],
            Self::Scalar(pair) => [pair.source_cut, pair.chosen_cut, pair.rejected_cut],
            Self::Compared(several) => several.cuts,
            Self::Scored(several) => several.cuts,
        }
    }

    /// Whether the head reads two answers at once.
    pub(crate) fn is_pairwise(&self) -> bool {
        matches!(self, Self::Pairwise(_) | Self::Compared(_))
    }

    /// Whether there are more answers than two.
    pub(crate) fn is_several(&self) -> bool {
        matches!(self, Self::Compared(_) | Self::Scored(_))
    }

    /// Both orders, where the head reads two answers at once and the margin is finite; of several
    /// answers, both orders of each chosen one with each rejected one that were read.
    pub(crate) fn both_orders(&self) -> Vec<[f32; 2]> {
        match self {
            _ if !self.margin().is_finite() => Vec::new(),
            Self::Pairwise(pair) => vec![[pair.logit_ab, pair.logit_ba]],
            Self::Compared(several) => several.both_orders(),
            Self::Scalar(_) | Self::Scored(_) => Vec::new(),
        }
    }

    /// How many [`Self::both_orders`] can be at most: every chosen answer with every rejected one.
    pub(crate) fn most_comparisons(&self) -> usize {
        match self {
            Self::Pairwise(_) | Self::Scalar(_) => 1,
            Self::Compared(several) => several.chosen * (several.answers - several.chosen),
            Self::Scored(several) => several.chosen * (several.scores.len() - several.chosen),
        }
    }
}

/// Whether two orders, each read alone, prefer different answers: the logit with the chosen answer
/// left, and that with the rejected answer left.
pub(crate) fn disagree([ab, ba]: [f32; 2]) -> bool {
    (ab > 0.0) != (ba < 0.0)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A pair with these logits and nothing else to say of it.
    pub(crate) fn logits(logit_ab: f32, logit_ba: f32) -> Outcome {
        Outcome::Pairwise(BothOrders {
            logit_ab,
            logit_ba,
            unscorable: None,
            tokens_ab: 1,
            tokens_ba: 2,
            source_cut: 3,
            chosen_cut: 4,
            rejected_cut: 5,
        })
    }

    #[test]
    fn verdicts_by_margin() {
        for (margin, verdict) in [
            (1e-9, Verdict::Correct),
            (-1e-9, Verdict::Wrong),
            (0.0, Verdict::Tie),
            (-0.0, Verdict::Tie),
            (f32::NAN, Verdict::Invalid),
            (f32::INFINITY, Verdict::Invalid),
        ] {
            assert_eq!(Verdict::of_margin(margin), verdict, "{margin}");
        }
    }

    #[test]
    fn every_f32_comes_back_bit_for_bit() {
        let special = [
            0,
            0x8000_0000,
            1,
            0x807f_ffff,
            0x7f7f_ffff,
            0x7f80_0000,
            0xff80_0000,
            0x7fc0_0000,
            0xffc0_0001,
            0x7f80_0001,
        ];
        let mut rng = fastrand::Rng::with_seed(1);
        let random = std::iter::repeat_with(|| rng.u32(..)).take(50_000);
        for bits in special.into_iter().chain(random) {
            let logit = f32::from_bits(bits);
            let text = serde_json::to_string(&logits(logit, -logit)).unwrap();
            let Ok(Outcome::Pairwise(read)) = serde_json::from_str(&text) else {
                panic!("{text}");
            };
            let read = [read.logit_ab, read.logit_ba].map(f32::to_bits);
            assert_eq!(read, [logit, -logit].map(f32::to_bits), "{text}");
        }
        let scores = Outcome::Scalar(AnswerScores {
            score_chosen: 0.1,
            score_rejected: f32::NAN,
            ..AnswerScores::default()
        });
        let text = serde_json::to_string(&scores).unwrap();
        assert!(text.contains(r#""head":"scalar""#), "{text}");
        let Ok(Outcome::Scalar(read)) = serde_json::from_str(&text) else {
            panic!("{text}");
        };
        assert_eq!(read.score_chosen.to_bits(), 0.1_f32.to_bits());
        assert_eq!(read.score_rejected.to_bits(), f32::NAN.to_bits());
        let overflow = serde_json::to_string(&logits(1.0, 0.0))
            .unwrap()
            .replace("1.0", "1e39");
        assert!(
            serde_json::from_str::<Outcome>(&overflow).is_err(),
            "{overflow}"
        );
    }
}
