//! Rows of several models → scored items: the same row number for the same item.

use std::collections::{HashMap, HashSet};

use crate::benchmark::{Benchmark, Metric};
use crate::data::{Answers, Id, Item, metric_shape};
use crate::scoring::imported::column::ImportedColumn;
use crate::scoring::imported::result_row::ResultRow;
use crate::scoring::verdict::ScoredItem;
use crate::support::count::first;
use crate::support::error::{Error, Result};

/// What rows without a subset belong to.
const SUBSET: &str = "all";

/// An item's subset and id.
type Key = (String, String);

/// Each column's items, in the order of the first column, or of the data where that is given.
///
/// # Errors
/// A subset that the benchmark does not have, answers that its metric cannot count, columns with
/// different items, and an item that the data lacks.
pub(crate) fn aligned(
    columns: &[ImportedColumn],
    data: Option<&[Item]>,
    benchmark: Option<&Benchmark>,
) -> Result<Vec<Vec<ScoredItem>>> {
    let mut found: Vec<Vec<ScoredItem>> = Vec::new();
    for column in columns {
        let failed = |what: String| {
            let error = Error::bad_input(format!("failed to import results of {}", column.name));
            error.caused_by(what)
        };
        let mut items = match data {
            Some(data) => of_data(column, &Data::new(data), benchmark).map_err(|what| {
                failed(what).hint("give with --data the files that were scored, all of them")
            })?,
            None => by_themselves(column, benchmark),
        };
        if let Some(others) = found.first() {
            number_as(&mut items, others).map_err(|what| {
                failed(format!("{what} {}", columns[0].name)).hint(
                    "import models with different items into a directory each: `pairbench \
                     compare` matches what both have",
                )
            })?;
        }
        suit(&items, benchmark).map_err(|(what, hint)| failed(what).hint(hint))?;
        items.sort_by_key(|item| item.row);
        found.push(items);
    }
    Ok(found)
}

/// As many rows as there are, in their order.
fn by_themselves(column: &ImportedColumn, benchmark: Option<&Benchmark>) -> Vec<ScoredItem> {
    let item = |(row, own): (usize, &ResultRow)| {
        let named = own.subset.as_deref().unwrap_or(SUBSET);
        let subset = benchmark.map_or(named, |benchmark| benchmark.subset_of(named));
        scored(row, subset, own.id.clone(), own)
    };
    column.rows.iter().enumerate().map(item).collect()
}

fn scored(row: usize, subset: &str, id: Option<Id>, own: &ResultRow) -> ScoredItem {
    ScoredItem {
        row,
        subset: subset.to_owned(),
        id,
        is_tie: false,
        outcome: own.outcome.clone(),
        precision: None,
    }
}

fn key(item: &ScoredItem) -> Option<Key> {
    Some((item.subset.clone(), item.id.as_ref()?.to_string()))
}

/// Gives every item the row number that the same item has there.
fn number_as(items: &mut [ScoredItem], others: &[ScoredItem]) -> std::result::Result<(), String> {
    let mut rows: HashMap<Key, usize> = HashMap::new();
    for other in others {
        let key = key(other).ok_or("rows without ids cannot be matched with those of")?;
        rows.insert(key, other.row);
    }
    for item in &mut *items {
        let key = key(item).ok_or("rows without ids cannot be matched with those of")?;
        let row = rows.remove(&key);
        item.row = row.ok_or_else(|| format!("id {} of subset {} is not in", key.1, key.0))?;
    }
    match rows.into_keys().min() {
        Some((subset, id)) => Err(format!("there is no id {id} of subset {subset}, as in")),
        None => Ok(()),
    }
}

/// Items of files, found by subset and id, or by an id that only one of them has.
struct Data<'a> {
    by_key: HashMap<Key, &'a Item>,
    /// `None` where several have it.
    by_id: HashMap<String, Option<&'a Item>>,
}

impl<'a> Data<'a> {
    fn new(items: &'a [Item]) -> Self {
        let mut found = Self {
            by_key: HashMap::new(),
            by_id: HashMap::new(),
        };
        for item in items {
            let Some(id) = &item.id else { continue };
            found
                .by_key
                .insert((item.subset.clone(), id.to_string()), item);
            let known = found.by_id.entry(id.to_string());
            known
                .and_modify(|other| *other = None)
                .or_insert(Some(item));
        }
        found
    }

    fn find(&self, row: &ResultRow, benchmark: Option<&Benchmark>) -> Option<&'a Item> {
        let id = row.id.as_ref()?.to_string();
        match &row.subset {
            Some(named) => {
                let subset = benchmark.map_or(named.as_str(), |own| own.subset_of(named));
                self.by_key.get(&(subset.to_owned(), id)).copied()
            }
            None => *self.by_id.get(&id)?,
        }
    }
}

fn of_data(
    column: &ImportedColumn,
    data: &Data,
    benchmark: Option<&Benchmark>,
) -> std::result::Result<Vec<ScoredItem>, String> {
    let item = |(at, own): (usize, &ResultRow)| {
        let named = || {
            let id = own
                .id
                .as_ref()
                .map_or("no id".to_owned(), |id| format!("id {id}"));
            let subset = own.subset.as_deref().unwrap_or("(none)");
            format!("row {at} ({id} of subset {subset})")
        };
        let item = data.find(own, benchmark);
        let item = item.ok_or_else(|| format!("{} is not in the data", named()))?;
        let answers = [&item.chosen, &item.rejected].map(Answers::len);
        let own_answers = own.outcome.answers();
        if own_answers != answers {
            return Err(format!(
                "{} has {} chosen and {} rejected answers, in the data {} and {}",
                named(),
                own_answers[0],
                own_answers[1],
                answers[0],
                answers[1]
            ));
        }
        Ok(scored(item.row, &item.subset, item.id.clone(), own))
    };
    column.rows.iter().enumerate().map(item).collect()
}

/// Whether the benchmark's metrics can count the items; else why not, and what to do.
fn suit(
    items: &[ScoredItem],
    benchmark: Option<&Benchmark>,
) -> std::result::Result<(), (String, String)> {
    let mut keys = HashSet::new();
    for item in items {
        let metric = match benchmark {
            None => Metric::PairAccuracy,
            Some(own) if own.subsets.contains_key(&item.subset) => own.metric_of(&item.subset),
            Some(own) => {
                let known: Vec<String> = own.subsets.keys().cloned().collect();
                return Err((
                    format!("{} has no subset {}", own.name, item.subset),
                    format!("its subsets are {}", first(&known, 30)),
                ));
            }
        };
        let suits = metric_shape::key(metric, item.outcome.answers(), item.id.as_ref());
        let once = suits.and_then(|key| match key {
            Some(key) if !keys.insert((&item.subset, key.clone())) => {
                Err(format!("the id {key} occurs twice"))
            }
            _ => Ok(()),
        });
        if let Err(what) = once {
            let hint = if benchmark.is_some() {
                format!("{} needs {}", metric.name(), metric.shape().needed())
            } else {
                "without a benchmark every row is a pair: name it, --benchmark reward-bench-2"
                    .to_owned()
            };
            let what = format!("row {} ({}): {what}", item.row, item.subset);
            return Err((what, hint));
        }
    }
    Ok(())
}
