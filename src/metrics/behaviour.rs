//! How a model came to its verdicts: position bias, truncation, margins.

use serde::Serialize;

use crate::scoring::{ScoredItem, disagree};
use crate::stats::{Share, count};

/// What depends on which answer stands on the left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct PositionBias {
    /// Pairs with two finite logits, of which one answer is better.
    pub(crate) n: usize,
    /// Share of pairs whose two orders, each read alone, prefer different answers.
    pub(crate) disagree: f64,
    /// Accuracy of the order with the chosen answer left alone (logit > 0).
    pub(crate) accuracy_chosen_first: f64,
    /// Accuracy of the order with the rejected answer left alone (logit < 0).
    pub(crate) accuracy_rejected_first: f64,
}

/// How a model came to its verdicts: what the accuracies do not show.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Behaviour {
    /// Of heads that read both answers at once; `None` also without a pair of which it can be said.
    pub(crate) position_bias: Option<PositionBias>,
    /// `None` where nobody counted tokens: of imported results.
    pub(crate) truncated: Option<Truncated>,
    /// 5, 25, 50, 75 and 95 % quantiles of the finite margins; `None` without any.
    pub(crate) margins: Option<[f32; 5]>,
}

/// Pairs of which truncation removed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Truncated {
    pub(crate) source: usize,
    pub(crate) chosen: usize,
    pub(crate) rejected: usize,
    /// Pairs with a cut anywhere.
    pub(crate) any: usize,
}

impl Behaviour {
    pub(crate) fn of(scored: &[ScoredItem]) -> Self {
        let margins = scored
            .iter()
            .map(ScoredItem::margin)
            .filter(|margin| margin.is_finite());
        Self {
            position_bias: position_bias(scored),
            truncated: Truncated::of(scored),
            margins: quantiles(margins.collect()),
        }
    }
}

impl Truncated {
    fn of(scored: &[ScoredItem]) -> Option<Self> {
        if scored.iter().any(|item| !item.outcome.knows_tokens()) {
            return None;
        }
        let cuts: Vec<[usize; 3]> = scored.iter().map(|item| item.outcome.cuts()).collect();
        let count = |cut: fn(&[usize; 3]) -> bool| cuts.iter().filter(|cuts| cut(cuts)).count();
        Some(Self {
            source: count(|cuts| cuts[0] > 0),
            chosen: count(|cuts| cuts[1] > 0),
            rejected: count(|cuts| cuts[2] > 0),
            any: count(|cuts| cuts.iter().any(|cut| *cut > 0)),
        })
    }
}

/// How many finite margins have a magnitude below this share of their standard deviation, and of
/// how many. Margins of exactly 0 come from equal token rows and are in no doubt.
pub(crate) fn margins_within(verdicts: &[ScoredItem], share: f64) -> (usize, usize) {
    let margins: Vec<f64> = verdicts
        .iter()
        .map(|v| f64::from(v.margin()))
        .filter(|m| m.is_finite())
        .collect();
    let n = count(margins.len()).max(1.0);
    let mean = margins.iter().sum::<f64>() / n;
    let deviation = (margins.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / n).sqrt();
    (
        margins
            .iter()
            .filter(|m| **m != 0.0 && m.abs() < share * deviation)
            .count(),
        margins.len(),
    )
}

/// A margin for people: three digits that matter, as processors differ in the seventh.
pub(crate) fn three_digits(margin: f32) -> String {
    let decimals = match margin.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{margin:.decimals$}")
}

/// By linear interpolation between order statistics (type 7 of Hyndman and Fan, 1996, The American
/// Statistician 50:361; numpy's default).
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions in a list"
)]
fn quantiles(mut values: Vec<f32>) -> Option<[f32; 5]> {
    values.sort_unstable_by(f32::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some([0.05, 0.25, 0.5, 0.75, 0.95].map(|share| {
        let at = share * last as f64;
        let (below, above) = (values[at.floor() as usize], values[at.ceil() as usize]);
        below + (above - below) * at.fract() as f32
    }))
}

/// `None` where no item has two finite logits: a share of none would look like a model without bias.
fn position_bias(scored: &[ScoredItem]) -> Option<PositionBias> {
    let both: Vec<[f32; 2]> = scored
        .iter()
        .filter(|item| !item.is_tie)
        .flat_map(|item| item.outcome.both_orders())
        .collect();
    if both.is_empty() {
        return None;
    }
    let share = |test: fn([f32; 2]) -> bool| {
        let correct = both.iter().filter(|both| test(**both)).count();
        Share {
            correct,
            n: both.len(),
        }
        .value()
    };
    Some(PositionBias {
        n: both.len(),
        disagree: share(disagree),
        accuracy_chosen_first: share(|[ab, _]| ab > 0.0),
        accuracy_rejected_first: share(|[_, ba]| ba < 0.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::verdict::tests::logits;

    fn item(logit_ab: f32, logit_ba: f32) -> ScoredItem {
        let outcome = logits(logit_ab, logit_ba);
        ScoredItem {
            row: 0,
            subset: String::new(),
            id: None,
            outcome,
            is_tie: false,
            precision: None,
        }
    }

    #[test]
    fn orders_that_prefer_the_left_answer_twice_disagree() {
        let bias = Behaviour::of(&[item(1.0, 0.5), item(-1.0, 0.5)])
            .position_bias
            .unwrap();
        assert_eq!(
            (
                bias.disagree,
                bias.accuracy_chosen_first,
                bias.accuracy_rejected_first
            ),
            (0.5, 0.5, 0.0)
        );
    }

    #[test]
    fn of_no_pair_nothing_is_said() {
        let found = Behaviour::of(&[item(f32::NAN, 0.5)]);
        assert_eq!(found.position_bias, None);
    }

    #[test]
    fn margins_near_zero_are_counted_by_their_deviation() {
        // Standard deviation √2.2 = 1.48 (a row of equal ids with it).
        let verdicts = [2.0, -2.0, 1.0, 0.0, f32::NAN].map(|margin| item(margin, 0.0));
        assert_eq!(
            (
                margins_within(&verdicts, 0.3),
                margins_within(&verdicts, 0.7),
                margins_within(&[], 1.0)
            ),
            ((0, 4), (1, 4), (0, 0))
        );
    }

    /// numpy.quantile([1, 2, 3, 4], [.05, .25, .5, .75, .95])
    #[test]
    fn quantiles_are_numpys() {
        let found = quantiles(vec![4.0, 1.0, 3.0, 2.0]).unwrap();
        for (found, expected) in found.into_iter().zip([1.15, 1.75, 2.5, 3.25, 3.85]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert_eq!(quantiles(Vec::new()), None);
    }
}
