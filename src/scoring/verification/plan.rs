//! Which items are to be scored in f32.

use std::collections::{BTreeMap, HashSet};

use crate::stats::{Tail, most_above_sample, sample};

/// The limit for the expected number of verdicts of a run that f32 would turn.
const LIMIT: f64 = 0.05;
/// One minus the confidence of the bound.
const ALPHA: f64 = 0.05;
/// The sample is the same for the same rows.
const SEED: u64 = 18;
/// Items that are scored in both precisions whatever their margins: this times the root of all
/// balances them against those that a sharper bound saves.
const SAMPLE_FACTOR: f64 = 2.5;
const SMALLEST_SAMPLE: usize = 64;

/// The margins of an item.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Margins {
    /// `None` where there are no token rows: f32 finds none either.
    pub(crate) fast: Option<f32>,
    /// Once it was scored in f32.
    pub(crate) exact: Option<f32>,
}

impl Margins {
    /// Infinite where only one of both is a number, so that no bound rests on it.
    fn difference(self) -> Option<f64> {
        let (fast, exact) = (self.fast?, self.exact?);
        let difference = (f64::from(fast) - f64::from(exact)).abs();
        let is_same = fast.to_bits() == exact.to_bits();
        Some(match difference {
            _ if is_same => 0.0,
            difference if difference.is_nan() => f64::INFINITY,
            difference => difference,
        })
    }
}

/// What is known of the items scored so far, by row.
pub(crate) type Seen = BTreeMap<usize, Margins>;

/// The items of a run, and the sample of them.
#[derive(Debug)]
pub(crate) struct VerificationPlan {
    population: usize,
    sample: HashSet<usize>,
    /// Runs that are merged into one and share its limit and its confidence.
    shards: usize,
}

/// The bound at some time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    /// Items of which both margins are known.
    pub(crate) both: usize,
    /// The largest difference of margins seen.
    pub(crate) largest: f64,
    /// At most so many of all items have a larger one, whatever the differences are.
    pub(crate) most_larger: usize,
    tail: Tail,
}

impl VerificationPlan {
    /// `rows`: of all items; `shards`: of the run whose part they are.
    pub(crate) fn new(rows: Vec<usize>, shards: usize) -> Self {
        let population = rows.len();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small count"
        )]
        let size = (SAMPLE_FACTOR * (population as f64).sqrt()).ceil() as usize;
        let sample = sample(rows, size.max(SMALLEST_SAMPLE), SEED);
        Self {
            population,
            sample: sample.into_iter().collect(),
            shards: shards.max(1),
        }
    }

    pub(crate) fn is_sampled(&self, row: usize) -> bool {
        self.sample.contains(&row)
    }

    pub(crate) fn sampled(&self) -> usize {
        self.sample.len()
    }

    #[expect(clippy::cast_precision_loss, reason = "counts")]
    pub(crate) fn bound(&self, seen: &Seen) -> Bound {
        let differences: Vec<f64> = seen.values().filter_map(|item| item.difference()).collect();
        let largest = differences.iter().copied().fold(0.0, f64::max);
        let alpha = ALPHA / self.shards as f64;
        let most_larger = most_above_sample(self.population, self.sample.len(), alpha);
        let unscorable =
            |(row, item): &(&usize, &Margins)| item.fast.is_none() && !self.sample.contains(*row);
        // The larger ones are among the items outside the sample that have a margin.
        let unseen = self.population - self.sample.len() - seen.iter().filter(unscorable).count();
        Bound {
            both: differences.len(),
            largest,
            most_larger,
            tail: Tail {
                bound: largest,
                share: (most_larger as f64 / unseen.max(1) as f64).min(1.0),
            },
        }
    }

    /// The rows to score in f32 next, of those seen: the sample, then those with the smallest
    /// margins. None once the bound is below the limit for as many items as were seen. `settled`:
    /// rows whose verdict was given away.
    #[expect(clippy::cast_precision_loss, reason = "counts")]
    pub(crate) fn next(&self, seen: &Seen, settled: &HashSet<usize>) -> Vec<usize> {
        let is_open = |item: &Margins| item.fast.is_some() && item.exact.is_none();
        let open = seen.iter().filter(|(_, item)| is_open(item));
        let mut sample: Vec<usize> = open
            .clone()
            .map(|(row, _)| *row)
            .filter(|row| self.is_sampled(*row))
            .collect();
        if !sample.is_empty() {
            sample.sort_unstable();
            return sample;
        }
        let bound = self.bound(seen);
        let mut open: Vec<(usize, f64)> = open
            .map(|(row, item)| (*row, bound.turned(item.fast.unwrap_or(0.0))))
            .collect();
        // Those that are surest first, and among them those that cannot be scored again.
        open.sort_by(|(a, one), (b, other)| {
            let is_open = |row| !settled.contains(row);
            let by_bound = one.total_cmp(other).then(a.cmp(b));
            is_open(a).cmp(&is_open(b)).then(by_bound)
        });
        let seen = seen.len() as f64 / self.population.max(1) as f64;
        let mut left = LIMIT / self.shards as f64 * seen;
        let mut next: Vec<usize> = Vec::new();
        for (row, turned) in open {
            left -= turned;
            if left < 0.0 && !settled.contains(&row) {
                next.push(row);
            }
        }
        next.sort_unstable();
        next
    }

    /// The expected number of verdicts that f32 would turn, of those seen.
    pub(crate) fn expected_turned(&self, seen: &Seen) -> f64 {
        let bound = self.bound(seen);
        let open = seen.values().filter(|item| item.exact.is_none());
        open.filter_map(|item| item.fast)
            .map(|fast| bound.turned(fast))
            .sum()
    }

    pub(crate) fn confidence() -> f64 {
        1.0 - ALPHA
    }
}

impl Bound {
    /// The probability that f32 turns a verdict with this margin: that the difference is at least
    /// as large. A tie is always f32's, and so is what is not finite.
    fn turned(&self, margin: f32) -> f64 {
        if margin.is_finite() {
            self.tail.beyond(f64::from(margin).abs())
        } else {
            1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores items with these margins and differences as a run does → what is known of them.
    fn verify(plan: &VerificationPlan, margins: &[f32], differences: &[f32]) -> Seen {
        let start = |(row, fast): (usize, &f32)| {
            let (fast, exact) = (Some(*fast), None);
            (row, Margins { fast, exact })
        };
        let mut seen: Seen = margins.iter().enumerate().map(start).collect();
        loop {
            let next = plan.next(&seen, &HashSet::new());
            if next.is_empty() {
                return seen;
            }
            for row in next {
                let item = seen.get_mut(&row).unwrap();
                assert!(item.exact.is_none(), "row {row} twice");
                item.exact = Some(margins[row] + differences[row]);
            }
        }
    }

    fn turned(seen: &Seen, margins: &[f32], differences: &[f32]) -> usize {
        let is_turned = |(row, item): (&usize, &Margins)| {
            let exact = margins[*row] + differences[*row];
            item.exact.is_none() && (exact > 0.0) != (margins[*row] > 0.0)
        };
        seen.iter()
            .filter(|(row, item)| is_turned((row, item)))
            .count()
    }

    type Draw = dyn Fn(&mut fastrand::Rng) -> f32;

    fn normal(rng: &mut fastrand::Rng) -> f32 {
        let (u, v) = (1.0 - rng.f32(), rng.f32());
        (-2.0 * u.ln()).sqrt() * (std::f32::consts::TAU * v).cos()
    }

    /// Whole runs: how many verdicts are turned that were not scored again, over many of them.
    #[test]
    fn the_limit_holds_over_many_runs() {
        let mut rng = fastrand::Rng::with_seed(7);
        let laplace =
            |rng: &mut fastrand::Rng| (1.0 - rng.f32()).ln() * if rng.bool() { 0.7 } else { -0.7 };
        // Every fifth with three times the error of the others.
        let mixed =
            |rng: &mut fastrand::Rng| normal(rng) * if rng.u8(..5) == 0 { 1.86 } else { 0.62 };
        let uniform = |rng: &mut fastrand::Rng| (rng.f32() - 0.5) * 3.46;
        let distributions: [(&str, &Draw); 4] = [
            ("normal", &normal),
            ("Laplace", &laplace),
            ("mixed", &mixed),
            ("uniform", &uniform),
        ];
        for (name, draw) in distributions {
            for error in [0.02, 0.1] {
                let (runs, pairs) = (200, 800);
                let (mut flips, mut twice, mut above) = (0, 0, 0);
                for _ in 0..runs {
                    // Another sample in each run: the rows are the same, their numbers are not.
                    let margins: Vec<f32> = (0..pairs).map(|_| normal(&mut rng)).collect();
                    let differences: Vec<f32> =
                        (0..pairs).map(|_| error * draw(&mut rng)).collect();
                    let plan = VerificationPlan::new((0..pairs).collect(), 1);
                    let seen = verify(&plan, &margins, &differences);
                    let bound = plan.bound(&seen);
                    assert!(plan.expected_turned(&seen) <= LIMIT + 1e-9, "{name}");
                    flips += turned(&seen, &margins, &differences);
                    twice += bound.both;
                    let sampled = differences.iter().enumerate();
                    let largest = sampled
                        .filter(|(row, _)| plan.is_sampled(*row))
                        .fold(0f32, |most, (_, d)| d.abs().max(most));
                    let larger = differences.iter().filter(|d| d.abs() > largest).count();
                    above += usize::from(larger > bound.most_larger);
                }
                // 0.05 a run are 10; with 95 % confidence the bound fails in 10 runs of 200.
                assert!(flips <= 10, "{name}, {error}: {flips} flips in {runs} runs");
                assert!(
                    above <= 20,
                    "{name}, {error}: {above} of {runs} counts are too low"
                );
                assert!(
                    twice < runs * pairs * 9 / 10,
                    "{name}, {error}: nothing is saved"
                );
            }
        }
    }

    #[test]
    fn ties_and_what_is_not_finite_are_f32s() {
        let pairs = 500;
        let mut margins: Vec<f32> = (0..pairs).map(|_| 10.0).collect();
        for (row, margin) in [(3, 0.0), (77, -0.0), (100, f32::NAN), (499, f32::INFINITY)] {
            margins[row] = margin;
        }
        let mut differences = vec![0.001; pairs];
        differences[100] = f32::NAN;
        differences[499] = f32::NEG_INFINITY;
        // Not a number on one side only: no bound rests on such differences.
        let plan = VerificationPlan::new((0..pairs).collect(), 1);
        let seen = verify(&plan, &margins, &differences);
        for row in [3, 77, 100, 499] {
            assert!(seen[&row].exact.is_some(), "{row}");
        }
        let margins = vec![10.0; pairs];
        let seen = verify(&plan, &margins, &vec![0.001; pairs]);
        assert_eq!(plan.bound(&seen).both, plan.sampled());
    }

    #[test]
    fn few_items_are_all_scored_in_both() {
        let plan = VerificationPlan::new((0..40).collect(), 1);
        let seen = verify(&plan, &[5.0; 40], &[0.1; 40]);
        assert!(seen.values().all(|item| item.exact.is_some()));
        assert!(plan.expected_turned(&seen) <= 0.0);
        assert_eq!(plan.bound(&seen).most_larger, 0);
    }

    /// A verdict that was given away is never taken back; it counts against the limit.
    #[test]
    fn settled_verdicts_are_not_scored_again() {
        let pairs = 400;
        let margins: Vec<f32> = (0u16..400).map(|row| f32::from(row) / 100.0).collect();
        let plan = VerificationPlan::new((0..pairs).collect(), 1);
        let seen = verify(&plan, &margins, &vec![0.01; pairs]);
        let open = |seen: &Seen| {
            let rows = seen.iter().filter(|(_, item)| item.exact.is_none());
            rows.map(|(row, _)| *row).collect::<HashSet<usize>>()
        };
        let settled: HashSet<usize> = open(&seen).into_iter().take(100).collect();
        let mut surprised = seen.clone();
        let row = *seen.keys().find(|row| plan.is_sampled(**row)).unwrap();
        surprised.get_mut(&row).unwrap().exact = Some(margins[row] + 1.0);
        let next = plan.next(&surprised, &settled);
        assert!(!next.is_empty() && next.iter().all(|row| !settled.contains(row)));
    }
}
