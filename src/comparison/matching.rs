//! Verdicts of two runs, matched pair by pair.

use std::collections::{BTreeMap, HashMap};

use crate::data::{Id, Item};
use crate::scoring::ScoredItem;
use crate::support::error::{Error, Result};

/// What can be matched: verdicts, and pairs that have none yet.
pub trait Keyed {
    fn subset(&self) -> &str;
    fn id(&self) -> Option<&Id>;
    fn row(&self) -> usize;
}

impl Keyed for ScoredItem {
    fn subset(&self) -> &str {
        &self.subset
    }

    fn id(&self) -> Option<&Id> {
        self.id.as_ref()
    }

    fn row(&self) -> usize {
        self.row
    }
}

impl Keyed for Item {
    fn subset(&self) -> &str {
        &self.subset
    }

    fn id(&self) -> Option<&Id> {
        self.id.as_ref()
    }

    fn row(&self) -> usize {
        self.row
    }
}

/// What two rows have in common when they are the same pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Subset and id.
    Id,
    /// The row's number, in the same files.
    Row,
}

#[derive(Debug)]
pub struct Joined<'a, T> {
    pub by: Key,
    /// Baseline and candidate, in the order of the baseline.
    pub pairs: Vec<(&'a ScoredItem, &'a T)>,
    /// Pairs that only the baseline and only the candidate has, by subset.
    pub only: [BTreeMap<String, usize>; 2],
}

/// By subset and id where every row has an id; else by row, if the files are the same.
pub fn join<'a, T: Keyed>(
    baseline: &'a [ScoredItem],
    candidate: &'a [T],
    same_data: bool,
) -> Result<Joined<'a, T>> {
    let every_id =
        baseline.iter().all(|v| v.id.is_some()) && candidate.iter().all(|v| v.id().is_some());
    let by = if every_id { Key::Id } else { Key::Row };
    if by == Key::Row && !same_data {
        return Err(Error::bad_input("failed to match the pairs of the two runs: not every row has an id, and the data files differ")
            .hint("give the pairs a column `id`, or run both models on the same files"));
    }
    let mut rest = index(candidate, by, "candidate")?;
    let mut pairs = Vec::new();
    let mut only = [BTreeMap::new(), BTreeMap::new()];
    index(baseline, by, "baseline")?;
    for verdict in baseline {
        match rest.remove(&key(verdict, by)) {
            Some(other) => pairs.push((verdict, other)),
            None => *only[0].entry(verdict.subset.clone()).or_default() += 1,
        }
    }
    for verdict in rest.into_values() {
        *only[1].entry(verdict.subset().to_owned()).or_default() += 1;
    }
    if pairs.is_empty() {
        let names = |side: &BTreeMap<String, usize>| {
            side.keys()
                .take(10)
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        };
        return Err(
            Error::bad_input("failed to compare the runs: they have no pair in common").caused_by(
                format!(
                    "subsets of the baseline: {}; of the candidate: {}",
                    names(&only[0]),
                    names(&only[1])
                ),
            ),
        );
    }
    Ok(Joined { by, pairs, only })
}

/// An id as text: JSON has numbers where CSV has digits.
fn key(verdict: &impl Keyed, by: Key) -> (&str, String) {
    let id = verdict
        .id()
        .filter(|_| by == Key::Id)
        .map(ToString::to_string);
    (
        verdict.subset(),
        id.unwrap_or_else(|| verdict.row().to_string()),
    )
}

fn index<'a, T: Keyed>(
    verdicts: &'a [T],
    by: Key,
    side: &str,
) -> Result<HashMap<(&'a str, String), &'a T>> {
    let mut map = HashMap::with_capacity(verdicts.len());
    for verdict in verdicts {
        if map.insert(key(verdict, by), verdict).is_some() {
            let (subset, id) = key(verdict, by);
            return Err(Error::bad_input(format!(
                "failed to match pairs: {id} of subset {subset} occurs twice in the {side}"
            )));
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::tests::verdict;
    use crate::data::Id;

    #[test]
    fn ids_match_across_rows_and_types() {
        let baseline = [
            verdict(0, "a", Some(Id::Number(7)), 1.0),
            verdict(1, "b", Some(Id::Number(7)), 1.0),
            verdict(2, "a", Some(Id::Number(8)), 1.0),
        ];
        let candidate = [
            verdict(0, "c", Some(Id::Text("9".to_owned())), 1.0),
            verdict(5, "a", Some(Id::Text("7".to_owned())), -1.0),
        ];
        let joined = join(&baseline, &candidate, false).unwrap();
        assert_eq!(
            (
                joined.by,
                joined.pairs.len(),
                joined.pairs[0].0.row,
                joined.pairs[0].1.row
            ),
            (Key::Id, 1, 0, 5)
        );
        assert_eq!(
            joined.only,
            [
                [("a".to_owned(), 1), ("b".to_owned(), 1)].into(),
                [("c".to_owned(), 1)].into()
            ]
        );
    }

    #[test]
    fn rows_match_only_in_the_same_files() {
        let rows = [verdict(3, "a", None, 1.0), verdict(4, "a", None, 1.0)];
        assert_eq!(join(&rows, &rows[1..], true).unwrap().pairs.len(), 1);
        assert!(join(&rows, &rows, false).is_err());
    }

    #[test]
    fn nothing_in_common_and_twice_the_same_are_errors() {
        let (a, b) = (
            [verdict(0, "a", Some(Id::Number(1)), 1.0)],
            [verdict(0, "b", Some(Id::Number(1)), 1.0)],
        );
        assert!(
            join(&a, &b, true)
                .unwrap_err()
                .render()
                .contains("no pair in common")
        );
        let twice = [a[0].clone(), a[0].clone()];
        assert!(
            join(&twice, &a, true)
                .unwrap_err()
                .render()
                .contains("twice in the baseline")
        );
        assert!(
            join(&a, &twice, true)
                .unwrap_err()
                .render()
                .contains("twice in the candidate")
        );
    }
}
