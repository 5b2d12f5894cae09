//! A figure that is tested after every round of pairs.

use crate::comparison::figure::Figure;
use crate::comparison::gate::finding::{Finding, drop_status, least, percent};
use crate::comparison::gate::outcome::Measured;
use crate::comparison::gate::sequential::progress::{Progress, Subset};
use crate::comparison::gate::settling::{ROUNDING, Settling};
use crate::comparison::gate::status::Status;
use crate::stats;
use crate::stats::{Interval, Sequence, Values, count, holm, rounds};

/// A figure and its confidence sequence, as far as the scored pairs fill whole rounds.
pub(crate) struct SequentialFigure {
    figure: Figure,
    /// All rounds, and those of them that the sequence has seen.
    rounds: usize,
    done: usize,
    sequence: Sequence,
}

impl SequentialFigure {
    /// `level`: the confidence of its intervals.
    pub(crate) fn new(figure: &Figure, level: f64, progress: &Progress) -> Self {
        let mut figure = figure.clone();
        // A subset with weight 0 need not be waited for.
        figure.weights.retain(|(_, coefficient)| *coefficient > 0.0);
        let subsets = figure.weights.iter();
        let subsets = subsets.map(|(name, coefficient)| (progress.of(name), coefficient));
        let rounds = subsets.clone().map(|(subset, _)| subset.n()).min();
        let span = subsets.map(|(subset, coefficient)| coefficient * subset.span());
        Self {
            rounds: rounds.unwrap_or(0),
            done: 0,
            sequence: Sequence::new(level, span.sum()),
            figure,
        }
    }

    /// Adds the rounds that have become whole to the sequence. There are as many rounds as the
    /// smallest subset has units, and each has at least one unit of every subset.
    pub(crate) fn advance(&mut self, progress: &Progress) {
        while self.done < self.rounds {
            let Some(strata) = self.next_round(progress) else {
                return;
            };
            self.sequence.round(&strata);
            self.done += 1;
        }
    }

    /// The coefficients and differences of the next round, in units of the largest that each subset
    /// allows; `None` while pairs of it are not scored.
    fn next_round(&self, progress: &Progress) -> Option<Vec<(f64, Vec<f64>)>> {
        let stratum = |(name, coefficient): &(String, f64)| {
            let subset = progress.of(name);
            let [from, to] = [self.done, self.done + 1]
                .map(|round| rounds::start(round, self.rounds, subset.n()));
            let is_scored = to <= subset.scored().len();
            is_scored.then(|| {
                let span = subset.span();
                let differences = subset.differences(from..to, self.figure.aspect);
                let differences = differences.into_iter().map(|own| own / span);
                (coefficient * span, differences.collect())
            })
        };
        self.figure.weights.iter().map(stratum).collect()
    }

    /// The interval of the sequence so far, and its two-sided p-value.
    pub(crate) fn interval_and_p(&self) -> (Interval, f64) {
        (self.sequence.interval(), self.sequence.two_sided_p())
    }

    /// By the confidence sequence.
    pub(crate) fn drop(&self, limit: f64, level: f64, progress: &Progress) -> Finding {
        let (interval, least) = (self.sequence.interval(), least(limit));
        let (status, value) = (drop_status(interval, limit), self.value(progress));
        let text = format!(
            "{} {value:+.4}, {} % confidence sequence [{:+.4}, {:+.4}], limit {least}",
            self.figure.name,
            percent(level),
            interval.low,
            interval.high
        );
        let pairs = self.seen(progress).len();
        let is_open = status == Status::Inconclusive && pairs > 0;
        Finding {
            status,
            text,
            measured: Some(self.measured(value, Some(interval), least, progress)),
            slack: interval.low - least,
            settling: is_open.then(|| Settling::of(value, interval, least, pairs)),
            subsets: self.subsets(),
        }
    }

    /// By the values with all remaining units counting the least, and the most.
    pub(crate) fn min(&self, least: f64, progress: &Progress) -> Finding {
        let with_rest_at = |end: usize| {
            self.sum(|coefficient, name| {
                let subset = progress.of(name);
                let scored = subset.scored().iter();
                let scored: f64 = scored.map(|own| own.in_aspect(self.figure.aspect)).sum();
                let left = subset.metric.limits()[end] * count(subset.left().len());
                coefficient * (scored + left) / count(subset.n())
            })
        };
        let [low, high] = [0, 1].map(with_rest_at);
        // The final evaluation sums in another order, and may differ in the last digits: what is as
        // near to the bound as that is left to it.
        let status = if high < least - 2.0 * ROUNDING {
            Status::Fail
        } else if low >= least {
            Status::Pass
        } else {
            Status::Inconclusive
        };
        let range = if low < high {
            format!(" to {high:.4}, whatever the other pairs bring")
        } else {
            String::new()
        };
        Finding {
            status,
            text: format!("{} {low:.4}{range}, limit {least}", self.figure.name),
            measured: Some(self.measured(low, Some(Interval { low, high }), least, progress)),
            slack: high - least,
            settling: self.needs_the_rest(status, progress),
            subsets: self.subsets(),
        }
    }

    fn needs_the_rest(&self, status: Status, progress: &Progress) -> Option<Settling> {
        let left = |(name, _): &(String, f64)| progress.of(name).pairs_left();
        let left: usize = self.figure.weights.iter().map(left).sum();
        (status == Status::Inconclusive && left > 0).then_some(Settling::Left(left))
    }

    fn measured(
        &self,
        value: f64,
        interval: Option<Interval>,
        limit: f64,
        progress: &Progress,
    ) -> Measured {
        Measured {
            figure: self.figure.name.clone(),
            value,
            interval,
            limit,
            pairs: self.seen(progress).len(),
        }
    }

    /// The p-value that it would have with every unit lost.
    pub(crate) fn least_p_of_all(&self, progress: &Progress) -> f64 {
        self.p_value(progress, |subset| vec![-subset.span(); subset.n()])
    }

    /// The smallest p-value that the final evaluation can have where the candidate is worse: that
    /// with the least counted for any remaining unit.
    fn least_p(&self, progress: &Progress) -> f64 {
        let aspect = self.figure.aspect;
        self.p_value(progress, |subset| {
            let [least, _] = subset.metric.limits();
            let left = subset.left().iter();
            let lost = left.map(|before| least - before.in_aspect(aspect));
            subset.seen(aspect).into_iter().chain(lost).collect()
        })
    }

    /// With these differences of each subset.
    fn p_value(&self, progress: &Progress, differences: impl Fn(&Subset) -> Vec<f64>) -> f64 {
        let stratum = |(name, coefficient): &(String, f64)| {
            let subset = progress.of(name);
            let limits = [-subset.span(), subset.span()];
            (*coefficient, Values::of(limits, &differences(subset)))
        };
        let strata: Vec<_> = self.figure.weights.iter().map(stratum).collect();
        stats::p_value_of(&strata)
    }

    /// The differences of all scored units of the figure.
    fn seen(&self, progress: &Progress) -> Vec<f64> {
        let subsets = self.figure.weights.iter();
        subsets
            .flat_map(|(name, _)| progress.of(name).seen(self.figure.aspect))
            .collect()
    }

    fn subsets(&self) -> Vec<String> {
        let weights = self.figure.weights.iter();
        weights.map(|(name, _)| name.clone()).collect()
    }

    /// The sum of a term for each subset.
    fn sum(&self, term: impl Fn(f64, &str) -> f64) -> f64 {
        let weights = self.figure.weights.iter();
        weights
            .map(|(name, coefficient)| term(*coefficient, name))
            .sum()
    }

    /// The difference in the scored pairs.
    fn value(&self, progress: &Progress) -> f64 {
        self.sum(|coefficient, name| {
            let seen = progress.of(name).seen(self.figure.aspect);
            coefficient * seen.iter().sum::<f64>() / count(seen.len().max(1))
        })
    }
}

/// Fails where the sequence's p-value is below `alpha_now`; passes where that of the final
/// evaluation cannot be below `alpha_end`.
pub(crate) fn significant_drop(
    figures: &[SequentialFigure],
    alpha_now: f64,
    alpha_end: f64,
    progress: &Progress,
) -> Vec<Finding> {
    let adjusted =
        |p: &dyn Fn(&SequentialFigure) -> f64| holm(&figures.iter().map(p).collect::<Vec<_>>());
    let now = adjusted(&|figure| figure.sequence.p());
    let end = adjusted(&|figure| figure.least_p(progress));
    let correction = if figures.len() > 1 { " (Holm)" } else { "" };
    let finding = |((figure, p), least): ((&SequentialFigure, f64), f64)| {
        let status = if p < alpha_now {
            Status::Fail
        } else if least >= alpha_end {
            Status::Pass
        } else {
            Status::Inconclusive
        };
        let seen = figure.seen(progress);
        let lost = seen.iter().filter(|difference| **difference < 0.0).count();
        let gained = seen.iter().filter(|difference| **difference > 0.0).count();
        let text = format!(
            "{} {:+.4}, {lost} lost, {gained} gained, sequential p {p:.2e}{correction}, limit \
             {alpha_now}",
            figure.figure.name,
            figure.value(progress)
        );
        Finding {
            status,
            text,
            measured: Some(figure.measured(p, None, alpha_now, progress)),
            slack: p - alpha_now,
            settling: figure.needs_the_rest(status, progress),
            subsets: figure.subsets(),
        }
    };
    figures.iter().zip(now).zip(end).map(finding).collect()
}
