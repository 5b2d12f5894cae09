//! Matches the items of two runs.

use std::collections::{BTreeMap, HashMap};

use crate::data::{Id, Item};
use crate::scoring::ScoredItem;
use crate::support::count::count;
use crate::support::error::{Error, Result};

/// What can be matched: scored items, and items that are not scored yet.
pub(crate) trait Keyed {
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

/// By what items are matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MatchedBy {
    /// Subset and id.
    Id,
    /// The row's number, in the same files.
    Row,
}

/// The matched items of two runs.
#[derive(Debug)]
pub(crate) struct Matched<'a, T> {
    pub(crate) by: MatchedBy,
    /// Baseline and candidate, in the order of the baseline.
    pub(crate) pairs: Vec<(&'a ScoredItem, &'a T)>,
    /// Items that only the baseline and only the candidate has: their number by subset.
    pub(crate) only: [BTreeMap<String, usize>; 2],
}

/// Matches by subset and id where every item has an id; otherwise by row, if the files are the
/// same.
///
/// # Errors
/// Where neither is possible, where an item occurs twice, or where nothing matches.
pub(crate) fn match_items<'a, T: Keyed>(
    baseline: &'a [ScoredItem],
    candidate: &'a [T],
    same_data: bool,
) -> Result<Matched<'a, T>> {
    let every_id = baseline.iter().all(|item| item.id.is_some())
        && candidate.iter().all(|item| item.id().is_some());
    let by = if every_id {
        MatchedBy::Id
    } else {
        MatchedBy::Row
    };
    if by == MatchedBy::Row && !same_data {
        return Err(Error::bad_input(
            "failed to match the pairs of the two runs: not every row has an id, and the data \
             files differ",
        )
        .hint("give the pairs a column `id`, or run both models on the same files"));
    }
    let mut rest = index(candidate, by, "candidate")?;
    let mut pairs = Vec::new();
    let mut only = [BTreeMap::new(), BTreeMap::new()];
    index(baseline, by, "baseline")?;
    for item in baseline {
        match rest.remove(&key(item, by)) {
            Some(other) => pairs.push((item, other)),
            None => *only[0].entry(item.subset.clone()).or_default() += 1,
        }
    }
    for item in rest.into_values() {
        *only[1].entry(item.subset().to_owned()).or_default() += 1;
    }
    if pairs.is_empty() {
        return Err(nothing_in_common(&only));
    }
    Ok(Matched { by, pairs, only })
}

fn nothing_in_common(only: &[BTreeMap<String, usize>; 2]) -> Error {
    let [baseline, candidate] = only.each_ref().map(|side| {
        let subsets: Vec<&str> = side.keys().take(10).map(String::as_str).collect();
        subsets.join(", ")
    });
    Error::bad_input("failed to compare the runs: they have no pair in common")
        .caused_by(format!(
            "subsets of the baseline: {baseline}; of the candidate: {candidate}"
        ))
        .hint("a file without a column `subset` is one subset, called as the file is")
}

/// How many verdicts differ between two runs of one model, and of how many.
///
/// # Errors
/// Those of [`match_items`].
pub(crate) fn changed_verdicts(
    baseline: &[ScoredItem],
    candidate: &[ScoredItem],
    same_data: bool,
) -> Result<(usize, usize)> {
    let pairs = match_items(baseline, candidate, same_data)?.pairs;
    let is_changed =
        |(before, after): &&(&ScoredItem, &ScoredItem)| before.verdict() != after.verdict();
    Ok((pairs.iter().filter(is_changed).count(), pairs.len()))
}

/// The baseline's scored item for each of these items, in their order.
///
/// # Errors
/// Those of [`match_items`], and where the baseline lacks an item.
pub(crate) fn baseline_of<'a>(
    baseline: &'a [ScoredItem],
    items: &'a [Item],
    same_data: bool,
) -> Result<Vec<&'a ScoredItem>> {
    let matched = match_items(baseline, items, same_data)?;
    let [_, lacking] = &matched.only;
    if !lacking.is_empty() {
        return Err(incomplete_baseline(lacking, items.len()));
    }
    let by_row: HashMap<usize, &ScoredItem> = matched
        .pairs
        .into_iter()
        .map(|(scored, item)| (item.row(), scored))
        .collect();
    let of = |item: &Item| by_row.get(&item.row).copied();
    Ok(items.iter().filter_map(of).collect())
}

/// `lacking`: the number of items that the baseline lacks, by subset.
fn incomplete_baseline(lacking: &BTreeMap<String, usize>, items: usize) -> Error {
    let parts: Vec<String> = lacking
        .iter()
        .map(|(subset, n)| format!("{subset} {n}"))
        .collect();
    Error::bad_input(format!(
        "failed to match the baseline: it lacks {} of {}",
        lacking.values().sum::<usize>(),
        count(items, "pair")
    ))
    .caused_by(parts.join(", "))
    .hint(
        "score the same pairs as the baseline did; a run that itself stopped early is no baseline",
    )
}

/// Subset, and id or row as text: an id is a number in JSON and digits in CSV.
fn key(item: &impl Keyed, by: MatchedBy) -> (&str, String) {
    let id = item
        .id()
        .filter(|_| by == MatchedBy::Id)
        .map(ToString::to_string);
    (item.subset(), id.unwrap_or_else(|| item.row().to_string()))
}

fn index<'a, T: Keyed>(
    items: &'a [T],
    by: MatchedBy,
    side: &str,
) -> Result<HashMap<(&'a str, String), &'a T>> {
    let mut map = HashMap::with_capacity(items.len());
    for item in items {
        if map.insert(key(item, by), item).is_some() {
            let (subset, id) = key(item, by);
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
        let matched = match_items(&baseline, &candidate, false).unwrap();
        assert_eq!(
            (
                matched.by,
                matched.pairs.len(),
                matched.pairs[0].0.row,
                matched.pairs[0].1.row
            ),
            (MatchedBy::Id, 1, 0, 5)
        );
        assert_eq!(
            matched.only,
            [
                [("a".to_owned(), 1), ("b".to_owned(), 1)].into(),
                [("c".to_owned(), 1)].into()
            ]
        );
    }

    #[test]
    fn rows_match_only_in_the_same_files() {
        let rows = [verdict(3, "a", None, 1.0), verdict(4, "a", None, 1.0)];
        assert_eq!(match_items(&rows, &rows[1..], true).unwrap().pairs.len(), 1);
        assert!(match_items(&rows, &rows, false).is_err());
    }

    #[test]
    fn nothing_in_common_and_twice_the_same_are_errors() {
        let (a, b) = (
            [verdict(0, "a", Some(Id::Number(1)), 1.0)],
            [verdict(0, "b", Some(Id::Number(1)), 1.0)],
        );
        assert!(
            match_items(&a, &b, true)
                .unwrap_err()
                .render()
                .contains("no pair in common")
        );
        let twice = [a[0].clone(), a[0].clone()];
        assert!(
            match_items(&twice, &a, true)
                .unwrap_err()
                .render()
                .contains("twice in the baseline")
        );
        assert!(
            match_items(&a, &twice, true)
                .unwrap_err()
                .render()
                .contains("twice in the candidate")
        );
    }
}
