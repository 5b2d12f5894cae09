//! The baseline that reads nothing: the longer answer wins, or the shorter one.

use std::collections::BTreeMap;

use crate::data::{Answers, Item};
use crate::metrics::Tally;
use crate::scoring::Verdict;

/// What picking the longer answer scores, and what picking the shorter one does. Length is in
/// characters; equal lengths are a tie.
pub fn rulers(pairs: &[Item]) -> [(&'static str, BTreeMap<String, Tally>); 2] {
    let tallies = |sign: isize| {
        let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
        for pair in pairs {
            let difference = sign * (length(&pair.chosen) - length(&pair.rejected));
            let decision = match difference {
                0 => Verdict::Tie,
                1.. => Verdict::Correct,
                _ => Verdict::Wrong,
            };
            tallies
                .entry(pair.subset.clone())
                .or_default()
                .add(decision);
        }
        tallies
    };
    [("longer", tallies(1)), ("shorter", tallies(-1))]
}

/// Of the longest.
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
        };
        let [(_, longer), (_, shorter)] =
            rulers(&[pair("éé", "abc"), pair("ab", "a"), pair("é", "a")]);
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
