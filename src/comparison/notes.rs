//! What a reader of a comparison must know.

use std::collections::BTreeMap;

use crate::benchmark::{Benchmark, Metric};
use crate::metrics::Tally;
use crate::support::count::count;

pub(crate) const SIDES: [&str; 2] = ["baseline", "candidate"];

pub(crate) const OTHER_FILES: &str = "the runs are not known to have read the same files \
    (SHA-256) and columns (--map): pairs with the same subset and id are taken for the same";

pub(crate) const UNPAIRED: &str = "unpaired: a published table has no verdicts, so that nothing is \
    known pair by pair; intervals are wider than they need be";

/// How an invalid verdict is counted, under every metric.
pub(crate) const NOT_CORRECT: &str = "counted as not correct";

/// How ties are counted where items are scored by these metrics.
pub(crate) fn tie_note(metrics: impl IntoIterator<Item = Metric>) -> &'static str {
    let notes = metrics.into_iter().map(Metric::tie_note);
    let mut others = notes.filter(|note| *note != NOT_CORRECT);
    others.next().unwrap_or(NOT_CORRECT)
}

/// Ties and invalid verdicts, which no accuracy shows.
pub(crate) fn ties_and_invalid(
    tallies: &[BTreeMap<String, Tally>; 2],
    benchmark: Option<&Benchmark>,
) -> Vec<String> {
    let ties = tie_note(benchmark.map(Benchmark::metrics).unwrap_or_default());
    let how = if ties == NOT_CORRECT {
        String::new()
    } else {
        format!(" ({ties})")
    };
    let note = |(side, name): (&BTreeMap<String, Tally>, &str)| {
        let all = side
            .values()
            .fold(Tally::default(), |sum, tally| sum.plus(*tally));
        (all.tie + all.invalid > 0).then(|| {
            format!(
                "{name}: {}{how}, {} invalid ({NOT_CORRECT})",
                count(all.tie, "tie"),
                all.invalid
            )
        })
    };
    tallies.iter().zip(SIDES).filter_map(note).collect()
}

/// Pairs that only one side has, by subset.
pub(crate) fn left_out(only: &[BTreeMap<String, usize>; 2]) -> Vec<String> {
    let note = |(side, name): (&BTreeMap<String, usize>, &str)| {
        let parts: Vec<String> = side
            .iter()
            .map(|(subset, n)| format!("{subset} {n}"))
            .collect();
        (!parts.is_empty()).then(|| {
            format!(
                "{} only in the {name}, left out: {}",
                count(side.values().sum(), "pair"),
                parts.join(", ")
            )
        })
    };
    only.iter().zip(SIDES).filter_map(note).collect()
}
