//! Whether `verdicts.parquet` has the rows that `run.json` counts, and the margins that it has a
//! hash of: a row that is lost must not make a figure better, nor one that was added, and no model
//! is shown with the verdicts of another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::scoring::fingerprint::{margins_of, rows_of};
use crate::scoring::run_dir::record::{ModelRecord, RunRecord, StoppedEarly};
use crate::scoring::verdict::ScoredItem;
use crate::support::count::count;
use crate::support::error::{Error, Result};

/// Refuses verdicts that are not those that the record counts.
pub(super) fn check(
    models: &[(String, Vec<ScoredItem>)],
    record: &RunRecord,
    path: &Path,
) -> Result<()> {
    let names = |names: Vec<&str>| names.join(", ");
    let [found, said] = [
        names(models.iter().map(|(name, _)| name.as_str()).collect()),
        names(
            record
                .models
                .iter()
                .map(|model| model.name.as_str())
                .collect(),
        ),
    ];
    if found != said {
        return Err(differ(
            path,
            format!("verdicts.parquet has the models {found}; run.json has {said}"),
        ));
    }
    for ((_, items), model) in models.iter().zip(&record.models) {
        every_row_once(items, model, path)?;
        same_rows(items, record, model, path)?;
        same_margins(items, model, path)?;
        if let Some(stopped) = &record.stopped_early {
            in_order(items, stopped, path)?;
        }
    }
    Ok(())
}

fn every_row_once(items: &[ScoredItem], model: &ModelRecord, path: &Path) -> Result<()> {
    let mut rows = BTreeSet::new();
    if let Some(twice) = items.iter().find(|item| !rows.insert(item.row)) {
        return Err(differ(
            path,
            format!(
                "model {}: verdicts.parquet has row {} twice",
                model.name, twice.row
            ),
        ));
    }
    if items.len() == model.pairs {
        return Ok(());
    }
    Err(differ(
        path,
        format!(
            "model {}: verdicts.parquet has {}, run.json counts {}",
            model.name,
            count(items.len(), "row"),
            model.pairs
        ),
    ))
}

/// As many rows can still be other ones. Of a shard and of a run that was stopped early the record
/// does not say which they are, nor do those of older versions.
fn same_rows(
    items: &[ScoredItem],
    record: &RunRecord,
    model: &ModelRecord,
    path: &Path,
) -> Result<()> {
    let content = record.plan.content.as_ref();
    let whole = content.filter(|plan| plan.shard.is_none() && record.stopped_early.is_none());
    if let Some(plan) = whole.filter(|plan| plan.pairs != items.len()) {
        return Err(differ(
            path,
            format!(
                "model {}: verdicts.parquet has {}, the plan in run.json {}",
                model.name,
                count(items.len(), "row"),
                plan.pairs
            ),
        ));
    }
    if whole.is_none_or(|plan| plan.rows == rows_of(items)) {
        return Ok(());
    }
    Err(differ(
        path,
        format!(
            "model {}: rows, subsets and ids in verdicts.parquet are not those of the plan in \
             run.json",
            model.name
        ),
    ))
}

/// The same rows can still be another model's; records of older versions do not say it.
fn same_margins(items: &[ScoredItem], model: &ModelRecord, path: &Path) -> Result<()> {
    let said = model.margins.as_ref();
    if said.is_none_or(|own| *own == margins_of(items)) {
        return Ok(());
    }
    let what = format!(
        "model {}: margins in verdicts.parquet are not those that run.json has a hash of",
        model.name
    );
    Err(differ(path, what))
}

/// The order has each row once, and no subset has more of them than were planned.
fn in_order(items: &[ScoredItem], stopped: &StoppedEarly, path: &Path) -> Result<()> {
    let rows: BTreeSet<usize> = items.iter().map(|item| item.row).collect();
    let order: BTreeSet<usize> = stopped.order.iter().copied().collect();
    let mut scored: BTreeMap<&str, usize> = BTreeMap::new();
    for item in items {
        *scored.entry(&item.subset).or_default() += 1;
    }
    let planned = |subset: &str| stopped.planned.get(subset).copied().unwrap_or_default();
    let sum = |sum: usize, n: &usize| sum.checked_add(*n);
    let pairs = stopped.planned.values().try_fold(0, sum);
    let is_whole = rows == order
        && order.len() == stopped.order.len()
        && scored.iter().all(|(subset, n)| *n <= planned(subset))
        && pairs.is_some_and(|pairs| pairs > items.len() && pairs <= MOST);
    if is_whole {
        return Ok(());
    }
    Err(differ(
        path,
        "key `stopped_early` of run.json: its order and numbers of pairs are not those of \
         verdicts.parquet"
            .to_owned(),
    ))
}

/// More pairs than any run has: the numbers in a file become the sizes of tables.
const MOST: usize = 100_000_000;

fn differ(path: &Path, what: String) -> Error {
    Error::bad_input(format!("failed to read run: {}", path.display()))
        .caused_by(what)
        .hint("one of the files was changed, or is of another run: score it again")
}
