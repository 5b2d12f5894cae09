//! How the items of a subset are scored.

use serde::{Deserialize, Serialize};

/// The rule by which a model's numbers for an item become a figure. `docs/benchmarks.md` has each
/// with its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Pairs whose chosen answer the model prefers, of all pairs.
    #[default]
    PairAccuracy,
    /// The same by two votes, one for each order of the answers, as JudgeBench counts judges.
    BothOrders,
    /// Pairs with three labels, as Auto-J has them: 1 where the model finds what the label says, the
    /// first answer better, the second, or neither; neither is a margin of exactly 0.
    Agreement,
    /// The same where each order of the answers must find it.
    AgreementBothOrders,
    /// One chosen answer against several: 1 where it alone has the highest score, 1/k where k
    /// answers share it.
    BestOfN,
    /// One chosen answer against several: 1 where it beats each of them, and a tie is none.
    BeatsAll,
    /// RewardBench 2's score of its subset Ties, over pairs of rows `ref:N` and `tied:N`.
    Ties,
    /// RM-Bench's comparisons of three styles of the chosen with three of the rejected answer.
    Styles,
}

/// A part of what a metric counts, shown as a figure of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// All of it.
    Whole,
    /// The chosen answer has the more elaborate style.
    Easy,
    /// Both answers have the same style.
    Normal,
    /// The rejected answer has the more elaborate style.
    Hard,
}

/// Which answers of an item a pairwise model reads against each other, in both orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Comparisons {
    /// Every chosen answer with every rejected one.
    #[default]
    Across,
    /// Every answer with every other one.
    Full,
    /// The first answer with every other one.
    Star,
}

/// The answers that an item must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Pair,
    /// One chosen answer, one rejected answer or more.
    OneChosen,
    /// Three of each.
    Styles,
    /// Any number; a row `tied:N` has two chosen answers or more, `ref:N` has one.
    Ties,
}

impl Comparisons {
    const ALL: [Self; 3] = [Self::Across, Self::Full, Self::Star];

    /// In files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Across => "across",
            Self::Full => "full",
            Self::Star => "star",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.name() == name)
    }

    /// The left and the right answer of every row, by their places; of `answers` the first
    /// `chosen` are chosen ones.
    pub(crate) fn ordered_pairs(self, chosen: usize, answers: usize) -> Vec<[usize; 2]> {
        let is_read = |left: usize, right: usize| match self {
            Self::Across => left < chosen && right >= chosen,
            Self::Full => true,
            Self::Star => left == 0,
        };
        let of = |left: usize| (left + 1..answers).map(move |right| [left, right]);
        let unordered = (0..answers).flat_map(of);
        let unordered = unordered.filter(|[left, right]| is_read(*left, *right));
        unordered
            .flat_map(|[left, right]| [[left, right], [right, left]])
            .collect()
    }
}

impl Aspect {
    pub(crate) const STYLES: [Self; 3] = [Self::Easy, Self::Normal, Self::Hard];

    /// In tables, in JSON, and in the scope of a gate's rule.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Easy => "easy",
            Self::Normal => "normal",
            Self::Hard => "hard",
        }
    }
}

impl Metric {
    /// As a definition has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PairAccuracy => "pair-accuracy",
            Self::BothOrders => "both-orders",
            Self::Agreement => "agreement",
            Self::AgreementBothOrders => "agreement-both-orders",
            Self::BestOfN => "best-of-n",
            Self::BeatsAll => "beats-all",
            Self::Ties => "ties",
            Self::Styles => "styles",
        }
    }

    /// What a figure of a subset is.
    pub(crate) fn note(self) -> &'static str {
        match self {
            Self::PairAccuracy => {
                "accuracy: pairs whose chosen answer the model prefers, of all pairs"
            }
            Self::BothOrders => {
                "both-orders: each order is a vote for the chosen answer, against it, or none; an \
                 item counts where votes for it prevail; correct, wrong and tie are of the margin"
            }
            Self::Agreement => {
                "agreement: pairs of which the model finds what their label says, one answer better \
                 or neither, of all pairs; only a margin of exactly 0 finds neither"
            }
            Self::AgreementBothOrders => {
                "agreement-both-orders: pairs of which each order finds what their label says, one \
                 answer better or neither, of all pairs; only a logit of exactly 0 finds neither; \
                 correct, wrong and tie are of the margin"
            }
            Self::BestOfN => {
                "best-of-n: an item counts 1 where the chosen answer alone has the highest score, \
                 and 1/k where k answers share it"
            }
            Self::BeatsAll => {
                "beats-all: an item counts where the chosen answer beats every other one; equal is \
                 not enough"
            }
            Self::Ties => {
                "ties: RewardBench 2's score, 0.30 of accuracy on tied and on single answers each, \
                 0.20 of gaps wider than the spread of tied answers twice, 0.01 of how much wider; \
                 from -0.01 to 1.01"
            }
            Self::Styles => {
                "styles: the share of the nine comparisons of three chosen with three rejected \
                 styles that the chosen answer wins; hard: plain chosen against styled rejected, \
                 normal: the same style, easy: styled chosen against plain rejected"
            }
        }
    }

    /// How it counts a tie, for people.
    pub(crate) fn tie_note(self) -> &'static str {
        match self {
            Self::PairAccuracy | Self::BothOrders | Self::BeatsAll => "counted as not correct",
            Self::Agreement | Self::AgreementBothOrders => {
                "counted as not correct where the label names a better answer"
            }
            Self::BestOfN | Self::Ties | Self::Styles => "counted as the metric says",
        }
    }

    /// The answers that its items must have.
    pub(crate) fn shape(self) -> Shape {
        match self {
            Self::PairAccuracy | Self::BothOrders | Self::Agreement | Self::AgreementBothOrders => {
                Shape::Pair
            }
            Self::BestOfN | Self::BeatsAll => Shape::OneChosen,
            Self::Ties => Shape::Ties,
            Self::Styles => Shape::Styles,
        }
    }

    /// What a pairwise model must read for it.
    pub(crate) fn comparisons(self) -> Comparisons {
        match self {
            Self::BestOfN | Self::Ties => Comparisons::Full,
            Self::PairAccuracy
            | Self::BothOrders
            | Self::Agreement
            | Self::AgreementBothOrders
            | Self::BeatsAll
            | Self::Styles => Comparisons::Across,
        }
    }

    /// The parts that are shown beside it.
    pub(crate) fn aspects(self) -> &'static [Aspect] {
        match self {
            Self::Styles => &Aspect::STYLES,
            _ => &[],
        }
    }

    /// The least and the most that a unit can count.
    pub(crate) fn limits(self) -> [f64; 2] {
        match self {
            // tanh of −1 or less, weighed with 0.01, up to every term and tanh of infinity.
            Self::Ties => [-0.01, 1.01],
            _ => [0.0, 1.0],
        }
    }

    /// Whether a unit can count more than 0 and less than 1.
    pub(crate) fn counts_in_parts(self) -> bool {
        matches!(self, Self::BestOfN | Self::Ties | Self::Styles)
    }

    /// Whether it asks of an item with a tie for its label that the model finds one, too.
    pub(crate) fn knows_ties(self) -> bool {
        matches!(self, Self::Agreement | Self::AgreementBothOrders)
    }

    /// Whether each order of a pair's answers counts by itself, and not only their difference.
    pub(crate) fn counts_orders(self) -> bool {
        matches!(self, Self::BothOrders | Self::AgreementBothOrders)
    }

    /// Whether each item is a unit of its own; of `ties` the rows of one number are.
    pub(crate) fn is_by_item(self) -> bool {
        self.rows_of_a_unit() == 1
    }

    /// Of `ties` one `ref:N` and one `tied:N`.
    pub(crate) fn rows_of_a_unit(self) -> usize {
        match self {
            Self::Ties => 2,
            _ => 1,
        }
    }
}

impl Shape {
    /// In words.
    pub(crate) fn needed(self) -> &'static str {
        match self {
            Self::Pair => "one chosen and one rejected answer",
            Self::OneChosen => "one chosen answer and one rejected answer or more",
            Self::Styles => "three chosen and three rejected answers",
            Self::Ties => "chosen and rejected answers, and an id ref:N or tied:N",
        }
    }
}
