//! Length baselines: the longer answer is preferred, or the shorter one.

use std::collections::BTreeMap;

use crate::data::{Answers, Item};
use crate::metrics::Tally;
use crate::scoring::Verdict;

/// The tallies by subset of preferring the longer answer, and of preferring the shorter one. Length
/// is in characters; equal lengths are a tie. Empty where an item is no pair.
pub(crate) fn length_baselines(pairs: &[Item]) -> Vec<(&'static str, BTreeMap<String, Tally>)> {
    if pairs.iter().any(|item| item.pair().is_none()) {
        return Vec::new();
    }
    let tallies = |sign: isize| {
        let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
        for pair in pairs {
            let difference = sign * (length(&pair.chosen) - length(&pair.rejected));
            let verdict = match difference {
                0 => Verdict::Tie,
                1.. => Verdict::Correct,
                _ => Verdict::Wrong,
            };
            let tally = tallies.entry(pair.subset.clone()).or_default();
            tally.add(verdict.under_label(pair.is_tie));
        }
        tallies
    };
    vec![("longer", tallies(1)), ("shorter", tallies(-1))]
}

/// The length of the longest answer.
fn length(answers: &Answers) -> isize {
    let lengths = answers.iter().map(|answer| answer.chars().count());
    lengths.max().unwrap_or(0).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Message;

    #[test]
    fn characters_decide_and_not_bytes() {
        let pair = |chosen: &str, rejected: &str| Item {
            row: 0,
            subset: "x".to_owned(),
            id: None,
            prompt: vec![Message::new("user", "?")],
            chosen: chosen.to_owned().into(),
            rejected: rejected.to_owned().into(),
            is_tie: false,
            comparisons: crate::data::Comparisons::default(),
        };
        let found = length_baselines(&[pair("éé", "abc"), pair("ab", "a"), pair("é", "a")]);
        let [(_, longer), (_, shorter)] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(
            (longer["x"].correct, longer["x"].wrong, longer["x"].tie),
            (1, 1, 1)
        );
        assert_eq!(
            (shorter["x"].correct, shorter["x"].wrong, shorter["x"].tie),
            (1, 1, 1)
        );
    }
}
