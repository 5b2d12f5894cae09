//! A line that waits for whole rounds, and what rules say of it meanwhile.

use crate::comparison::Outline;
use crate::comparison::gate;
use crate::comparison::gate::sequential::progress::{Progress, Subset};
use crate::comparison::gate::{Judged, Status};
use crate::stats;
use crate::stats::{PairedCounts, Sequence, count, holm, rounds};

/// A line, as far as its pairs fill whole rounds.
pub struct Line {
    outline: Outline,
    rounds: usize,
    done: usize,
    sequence: Sequence,
}

impl Line {
    pub fn new(outline: &Outline, level: f64, progress: &Progress) -> Self {
        let mut outline = outline.clone();
        // What weighs nothing need not be waited for.
        outline.weights.retain(|(_, c)| *c > 0.0);
        let rounds = outline
            .weights
            .iter()
            .map(|(subset, _)| progress.of(subset).before.len())
            .min()
            .unwrap_or(0);
        Self {
            outline,
            rounds,
            done: 0,
            sequence: Sequence::new(level),
        }
    }

    /// Plays the rounds that have become whole. There are as many as the smallest subset has pairs,
    /// and each has at least one pair of every subset.
    pub fn advance(&mut self, progress: &Progress) {
        while self.done < self.rounds {
            let stratum = |(name, c): &(String, f64)| {
                let subset = progress.of(name);
                let [from, to] = [self.done, self.done + 1]
                    .map(|round| rounds::start(round, self.rounds, subset.before.len()));
                (to <= subset.after.len()).then(|| (*c, subset.fourfold(from..to)))
            };
            let Some(strata) = self
                .outline
                .weights
                .iter()
                .map(stratum)
                .collect::<Option<Vec<_>>>()
            else {
                return;
            };
            self.sequence.round(&strata);
            self.done += 1;
        }
    }

    pub fn drop(&self, limit: f64, level: f64, progress: &Progress) -> Judged {
        let interval = self.sequence.interval();
        let text = format!(
            "{} % confidence sequence [{:+.4}, {:+.4}]",
            gate::percent(level),
            interval.low,
            interval.high
        );
        self.judged(gate::beside(interval, limit), &text, progress)
    }

    /// From the accuracy with all other pairs wrong to that with all of them right.
    pub fn min(&self, least: f64, progress: &Progress) -> Judged {
        let sum = |right: &dyn Fn(&Subset) -> usize| -> f64 {
            self.outline
                .weights
                .iter()
                .map(|(name, c)| {
                    c * count(right(progress.of(name))) / count(progress.of(name).before.len())
                })
                .sum()
        };
        let so_far = |subset: &Subset| subset.after.iter().filter(|right| **right).count();
        let [low, high] = [
            sum(&so_far),
            sum(&|subset| so_far(subset) + subset.left().len()),
        ];
        // Sums in another order differ in the last digits; the end decides without.
        let status = match () {
            () if high < least - 1e-9 => Status::Fail,
            () if low >= least + 1e-9 => Status::Pass,
            () => Status::Inconclusive,
        };
        let rest = if low < high {
            format!(" to {high:.4}, whatever the other pairs bring")
        } else {
            String::new()
        };
        let text = format!("{} {low:.4}{rest}", self.outline.name);
        Judged {
            status,
            subsets: self.subsets(),
            text,
        }
    }

    /// The smallest p-value that the last evaluation can have where the candidate is worse: 0 where
    /// pairs weigh differently, as there one more lost pair does not always make it smaller.
    fn least_p(&self, progress: &Progress) -> f64 {
        let steps = || {
            self.outline
                .weights
                .iter()
                .map(|(name, c)| c / count(progress.of(name).before.len()))
        };
        let [least, most] = [
            steps().fold(f64::INFINITY, f64::min),
            steps().fold(0.0, f64::max),
        ];
        if most - least > 1e-9 * least {
            return 0.0;
        }
        let can_be_lost: usize = self
            .outline
            .weights
            .iter()
            .map(|(name, _)| {
                progress
                    .of(name)
                    .left()
                    .iter()
                    .filter(|right| **right)
                    .count()
            })
            .sum();
        let seen = self.seen(progress);
        stats::exact(seen.lost + can_be_lost, seen.gained)
    }

    /// All pairs of the line that are scored.
    fn seen(&self, progress: &Progress) -> PairedCounts {
        self.outline
            .weights
            .iter()
            .map(|(name, _)| progress.of(name).seen())
            .fold(PairedCounts::default(), PairedCounts::plus)
    }

    fn subsets(&self) -> Vec<String> {
        self.outline
            .weights
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    }

    fn judged(&self, status: Status, text: &str, progress: &Progress) -> Judged {
        let value: f64 = self
            .outline
            .weights
            .iter()
            .map(|(name, c)| c * progress.of(name).seen().difference())
            .sum();
        Judged {
            status,
            subsets: self.subsets(),
            text: format!("{} {value:+.4}, {text}", self.outline.name),
        }
    }
}

/// `now`: what the sequence's p-value must be below; `end`: what that of the last evaluation must
/// not reach.
pub fn significant(lines: &[Line], now: f64, end: f64, progress: &Progress) -> Vec<Judged> {
    let adjusted = |p: &dyn Fn(&Line) -> f64| holm(&lines.iter().map(p).collect::<Vec<_>>());
    let (p, least) = (
        adjusted(&|line| line.sequence.p()),
        adjusted(&|line| line.least_p(progress)),
    );
    let several = if lines.len() > 1 { " (Holm)" } else { "" };
    let judged = lines.iter().zip(p).zip(least).map(|((line, p), least)| {
        let status = match () {
            () if p < now => Status::Fail,
            () if least >= end => Status::Pass,
            () => Status::Inconclusive,
        };
        let seen = line.seen(progress);
        line.judged(
            status,
            &format!(
                "{} lost, {} gained, sequential p {p:.2e}{several}",
                seen.lost, seen.gained
            ),
            progress,
        )
    });
    judged.collect()
}
