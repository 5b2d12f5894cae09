//! Items as the units that a metric counts: each alone, but of `ties` the two rows of a prompt
//! number, which are drawn and counted together.

use std::collections::BTreeMap;

use crate::benchmark::{Aspect, Benchmark, Metric};
use crate::data::Item;
use crate::data::metric_shape::ties_id;
use crate::metrics::units;
use crate::scoring::ScoredItem;
use crate::stats::rounds;
use crate::support::error::{Error, Result};

/// What a unit counts in every aspect of its metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Credits([f64; 4]);

/// What units count, in the order of scoring.
#[derive(Default)]
pub(crate) struct Units {
    pub(crate) whole: Vec<Credits>,
    /// Rows of the next unit, as long as others of it are to come.
    pub(crate) begun: Vec<ScoredItem>,
}

impl Credits {
    /// As much as can be.
    pub(crate) fn most(metric: Metric) -> Self {
        let [_, most] = metric.limits();
        Self([most; 4])
    }

    /// `None` of rows that are no whole unit.
    fn of(metric: Metric, rows: &[&ScoredItem]) -> Option<Self> {
        let in_aspect = |aspect| units(metric, aspect, rows).first().copied();
        let mut credits = [in_aspect(Aspect::Whole)?; 4];
        for aspect in metric.aspects() {
            credits[*aspect as usize] = in_aspect(*aspect)?;
        }
        Some(Self(credits))
    }

    pub(crate) fn in_aspect(self, aspect: Aspect) -> f64 {
        self.0[aspect as usize]
    }
}

impl Units {
    pub(crate) const NONE: Self = Self {
        whole: Vec::new(),
        begun: Vec::new(),
    };

    /// Adds the next row.
    pub(crate) fn add(&mut self, metric: Metric, row: &ScoredItem) {
        self.begun.push(row.clone());
        if self.begun.len() == metric.rows_of_a_unit() {
            let rows = std::mem::take(&mut self.begun);
            let rows: Vec<&ScoredItem> = rows.iter().collect();
            self.whole.extend(Credits::of(metric, &rows));
        }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.begun.is_empty()
    }
}

/// The items with units shuffled within subsets, and the subsets interleaved in proportion to their
/// units. The rows of a unit follow each other.
///
/// # Errors
/// Where a prompt number lacks one of its rows: the score of such a subset is no mean over numbers,
/// so that no sequence of them says what it will be.
pub(crate) fn in_order(
    items: Vec<Item>,
    benchmark: Option<&Benchmark>,
    seed: u64,
) -> Result<Vec<Item>> {
    let units = grouped(items, benchmark);
    for rows in &units {
        let metric = Benchmark::metric_in(benchmark, &rows[0].subset);
        if rows.len() != metric.rows_of_a_unit() {
            return Err(incomplete(&rows[0]));
        }
    }
    let subsets: Vec<&str> = units.iter().map(|rows| rows[0].subset.as_str()).collect();
    let order = rounds::order(&subsets, seed);
    let mut units: Vec<Option<Vec<Item>>> = units.into_iter().map(Some).collect();
    let in_order = order.into_iter().filter_map(|at| units[at].take());
    Ok(in_order.flatten().collect())
}

/// The rows of every unit, one at least; units in the order of their first rows.
fn grouped(items: Vec<Item>, benchmark: Option<&Benchmark>) -> Vec<Vec<Item>> {
    let mut units: Vec<Vec<Item>> = Vec::with_capacity(items.len());
    let mut begun: BTreeMap<(String, i64), usize> = BTreeMap::new();
    for item in items {
        let metric = Benchmark::metric_in(benchmark, &item.subset);
        let number = ties_id(item.id.as_ref()).filter(|_| !metric.is_by_item());
        let Some((_, number)) = number else {
            units.push(vec![item]);
            continue;
        };
        let unit = *begun
            .entry((item.subset.clone(), number))
            .or_insert(units.len());
        if unit == units.len() {
            units.push(Vec::new());
        }
        units[unit].push(item);
    }
    units
}

fn incomplete(row: &Item) -> Error {
    let id = row
        .id
        .as_ref()
        .map_or_else(String::new, ToString::to_string);
    Error::usage(format!(
        "failed to ask a gate while scoring: of {} the row {id} is there without its counterpart, \
         so that the score is no mean over prompt numbers that could be watched",
        row.subset
    ))
    .hint(
        "score all of it without --against, then `pairbench compare`; or leave the subset out with \
         --subset, and do without a --limit that cuts numbers in two",
    )
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::comparison::gate::Status;
    use crate::comparison::gate::sequential::tests::{pairs, statuses, stopped};
    use crate::comparison::gate::sequential::{SEED, SequentialGate};
    use crate::data::Id;
    use crate::scoring::{Outcome, ScoredAnswers};
    use crate::stats::near;

    /// RewardBench 2 with so many prompt numbers in Ties, first all rows `ref:N`, then all `tied:N`,
    /// and one row of Focus. Scores are those of two golden cases of the official function: 1.00964…
    /// where the number is `perfect`, 0.59305… elsewhere.
    fn ties(numbers: usize, perfect: impl Fn(usize) -> bool) -> Vec<ScoredItem> {
        let row =
            |row: usize, subset: &str, id: String, chosen: usize, scores: &[f32]| ScoredItem {
                row,
                subset: subset.to_owned(),
                id: Some(Id::Text(id)),
                is_tie: false,
                outcome: Outcome::Scored(ScoredAnswers {
                    chosen,
                    scores: scores.to_vec(),
                    unscorable: None,
                    tokens: 0,
                    cuts: [0; 3],
                }),
                precision: None,
            };
        let single = |n| row(n, "Ties", format!("ref:{n}"), 1, &[3.0, 1.0, 0.0]);
        let tied = |n| {
            let scores: [f32; 5] = if perfect(n) {
                [3.0, 2.5, 2.8, 1.0, 0.5]
            } else {
                [9.0, 2.0, 5.0, 1.0, 0.5]
            };
            row(numbers + n, "Ties", format!("tied:{n}"), 3, &scores)
        };
        let focus = row(2 * numbers, "Focus", "0".to_owned(), 1, &[1.0, 0.0]);
        let rows = (0..numbers).map(single).chain((0..numbers).map(tied));
        rows.chain([focus]).collect()
    }

    /// Both rows of a number are drawn and counted together, wherever they stand in the file.
    #[test]
    fn ties_are_watched_by_prompt_number() {
        let benchmark = Benchmark::find("reward-bench-2").unwrap();
        let run = |before: &[ScoredItem], after: &[ScoredItem], rule: &str| {
            let rules = [rule.parse().unwrap()];
            let items = pairs(after);
            let (mut gate, order) =
                SequentialGate::new(&rules, before, true, items, Some(&benchmark), SEED).unwrap();
            gate.expect(Some(&benchmark), true).unwrap();
            let scored: Vec<ScoredItem> =
                order.iter().map(|item| after[item.row].clone()).collect();
            let _settled = gate.see(&scored);
            let seen = after.iter().filter(|item| gate.counted(item.row));
            let seen: Vec<ScoredItem> = seen.cloned().collect();
            (gate.finish(&seen, Some(&benchmark)).unwrap(), seen)
        };
        let (good, bad) = (ties(60, |_| true), ties(60, |_| false));
        let half = ties(60, |n| n % 2 == 0);
        let (outcome, seen) = run(&good, &bad, "drop:subset:Ties:0.1");
        assert_eq!(statuses(&outcome), [Status::Fail]);
        let numbers = |rows: Range<usize>| -> Vec<usize> {
            let seen = seen.iter().filter(|item| rows.contains(&item.row));
            seen.map(|item| item.row - rows.start).collect()
        };
        assert_eq!(numbers(0..60), numbers(60..120));
        assert!(
            stopped(&outcome).unwrap()[0] < 50,
            "{:?}",
            stopped(&outcome)
        );
        let line = &outcome.comparison.subsets;
        let line = line.iter().find(|line| line.key == "Ties").unwrap();
        near(
            line.value,
            0.593_052_173_296_852_6 - 1.009_640_275_800_758,
            1e-12,
        );
        assert!(line.interval.low < line.value && line.value < line.interval.high);
        assert!(line.interval.high < -0.1, "{:?}", line.interval);
        // By hand: each of the first k numbers loses 0.41659 of 1.02; the bound with stakes of 0.98
        // and half of the errors is (W − ln 80) / (0.98 k).
        let k = f64::from(u32::try_from(seen.len() / 2).unwrap());
        let wealth =
            k * (0.98 * (1.009_640_275_800_758 - 0.593_052_173_296_852_6) / 1.02_f64).ln_1p();
        let by_hand = -1.02 * (wealth - 80.0_f64.ln()) / (0.98 * k);
        assert!(
            line.interval.high <= by_hand + 1e-12,
            "{:?} {by_hand}",
            line.interval
        );
        // Equal scores pass after ln(2 · 80) · 1.02 / (0.98 · 0.2) = 26.4 numbers, in chunks of 16
        // rows.
        let (outcome, seen) = run(&half, &half, "drop:subset:Ties:0.2");
        assert_eq!(statuses(&outcome), [Status::Pass]);
        assert!((54..66).contains(&seen.len()), "{}", seen.len());
        // And where nothing settles it, all are counted.
        let (outcome, seen) = run(&half, &half, "drop:subset:Ties:0.01");
        assert_eq!(seen.len(), 121);
        let line = &outcome.comparison.subsets;
        assert!(line.iter().all(|line| line.value.abs() < 1e-12));
        // A number without its counterpart.
        let rows: Vec<ScoredItem> = ties(60, |_| true).into_iter().skip(1).collect();
        let rules = ["drop:subset:Ties:0.1".parse().unwrap()];
        let error = SequentialGate::new(&rules, &good, true, pairs(&rows), Some(&benchmark), SEED);
        let error = error.err().unwrap().render();
        assert!(error.contains("of Ties the row tied:0"), "{error}");
    }
}
