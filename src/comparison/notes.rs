//! What a reader of a comparison must know.

use std::collections::BTreeMap;

use crate::metrics::Tally;
use crate::support::count::count;

pub(crate) const SIDES: [&str; 2] = ["baseline", "candidate"];

pub(crate) const OTHER_FILES: &str = "the runs are not known to have read the same files (SHA-256) and columns \
    (--map): pairs with the same subset and id are taken for the same";

pub(crate) const UNPAIRED: &str = "unpaired: a published table has no verdicts, so that nothing is \
    known pair by pair; intervals are wider than they need be";

/// Ties and invalid verdicts, which no accuracy shows.
pub(crate) fn ties_and_invalid(tallies: &[BTreeMap<String, Tally>; 2]) -> Vec<String> {
    let note = |(side, name): (&BTreeMap<String, Tally>, &str)| {
        let all = side
            .values()
            .fold(Tally::default(), |sum, tally| sum.plus(*tally));
        (all.tie + all.invalid > 0).then(|| {
            format!(
                "{name}: {} {}, {} invalid (counted as not correct)",
                all.tie,
                if all.tie == 1 { "tie" } else { "ties" },
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
