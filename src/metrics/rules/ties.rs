//! RewardBench 2's score of its subset Ties (`process_single_model` of reward-bench 0.1.5).
//!
//! A prompt number has a row `ref:N` with one chosen answer and a row `tied:N` with several. What
//! the earlier version 0.1.4 has otherwise is in `docs/benchmarks.md`.

use crate::stats::count;

/// Weights of the terms.
const ACCURACY: f64 = 0.3;
const GAP: f64 = 0.2;
const WIDTH: f64 = 0.01;

/// What counts of the scores of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Gaps {
    /// The lowest chosen score minus the highest rejected one; NaN where a score is none.
    gap: f64,
    /// The highest chosen score minus the lowest.
    spread: f64,
}

/// The terms of a prompt number that has both rows.
pub(crate) struct Terms {
    accurate: [bool; 2],
    /// Whether the gap of the tied row, and the smaller gap of both, is wider than the spread.
    wider: [bool; 2],
    /// How much wider, between −1 and 1.
    width: f64,
}

impl Gaps {
    /// Of a row whose first `chosen` scores are those of chosen answers. Where one is NaN, the
    /// extremes are Python's.
    pub(crate) fn of(scores: &[f64], chosen: usize) -> Self {
        let (chosen, rejected) = scores.split_at(chosen.min(scores.len()));
        let extreme = |scores: &[f64], is_better: fn(f64, f64) -> bool| {
            let better = |best, next| if is_better(next, best) { next } else { best };
            scores.iter().copied().reduce(better).unwrap_or(f64::NAN)
        };
        let lowest = extreme(chosen, |a, b| a < b);
        let highest = |scores: &[f64]| extreme(scores, |a, b| a > b);
        Self {
            gap: lowest - highest(rejected),
            spread: highest(chosen) - lowest,
        }
    }

    /// Of a row that has no scores.
    pub(crate) const NONE: Self = Self {
        gap: f64::NAN,
        spread: f64::NAN,
    };

    fn is_accurate(self) -> bool {
        self.gap > 0.0
    }
}

impl Terms {
    pub(crate) fn of(single: Gaps, tied: Gaps) -> Self {
        let spread = tied.spread;
        let smaller = if single.gap.is_nan() || tied.gap.is_nan() {
            f64::NAN
        } else {
            single.gap.min(tied.gap)
        };
        // Division by a spread of 0 gives an infinity, whose tanh is ±1; 0/0 and NaN count 0.
        let ratio = smaller / spread;
        Self {
            accurate: [tied.is_accurate(), single.is_accurate()],
            wider: [tied.gap > spread, smaller > spread],
            width: if ratio.is_nan() {
                0.0
            } else {
                (ratio - 1.0).tanh()
            },
        }
    }

    /// What the prompt number counts: the score is the mean of this where all numbers have both
    /// rows.
    pub(crate) fn value(&self) -> f64 {
        let sum = |terms: [bool; 2]| count(terms.into_iter().filter(|term| *term).count());
        ACCURACY * sum(self.accurate) + GAP * sum(self.wider) + WIDTH * self.width
    }
}

/// The score of rows by prompt number, each the single row and the tied one as far as they are
/// there. Without a number that has both, the terms that need both count 0, as in version 0.1.4.
pub(crate) fn ties_score(numbers: &[[Option<Gaps>; 2]]) -> f64 {
    let accuracy = |side: usize| {
        let rows = numbers.iter().filter_map(|rows| rows[side]);
        let rows: Vec<f64> = rows
            .map(|row| f64::from(u8::from(row.is_accurate())))
            .collect();
        mean(&rows)
    };
    let both = |rows: &[Option<Gaps>; 2]| Some(Terms::of(rows[0]?, rows[1]?));
    let rest = |term: Terms| {
        let wider = term.wider.into_iter().filter(|wider| *wider).count();
        GAP * count(wider) + WIDTH * term.width
    };
    let rest: Vec<f64> = numbers.iter().filter_map(both).map(rest).collect();
    ACCURACY * (accuracy(0) + accuracy(1)) + mean(&rest)
}

/// 0 of nothing.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len().max(1))
}
