//! `verdicts.parquet`: one row per model and item.
//!
//! Margin and verdict stand in it for other readers. Here they are computed from the logits, and a
//! file where they are anything else is refused.

use std::path::Path;

use polars::prelude::*;

use crate::data::{Id, guarded, parquet_reader};
use crate::scoring::verdict::{BothOrders, Outcome, ScoredItem, Verdict};
use crate::support::error::{Error, Result};
use crate::support::files;

/// A row of the file: a model's name, and what the model said.
type ModelRow<'a> = (&'a str, &'a ScoredItem);

/// The file's bytes; `models` are names with what they said, in the order of the data.
///
/// # Errors
/// polars', which no content is known to cause.
pub(crate) fn encode(models: &[(&str, &[ScoredItem])]) -> Result<Vec<u8>> {
    let rows = models
        .iter()
        .flat_map(|(name, items)| items.iter().map(|item| (*name, item)));
    parquet(&rows.collect::<Vec<ModelRow>>())
        .map_err(|e| Error::bad_input("failed to encode verdicts.parquet").caused_by(e))
}

fn parquet(rows: &[ModelRow]) -> PolarsResult<Vec<u8>> {
    let columns = vec![
        texts("model", rows, |(model, _)| model),
        counts("row", rows, |item| item.row),
        texts("subset", rows, |(_, item)| &item.subset),
        ids(rows),
        floats("logit_ab", rows, |item| both_orders(item).logit_ab),
        floats("logit_ba", rows, |item| both_orders(item).logit_ba),
        floats("margin", rows, ScoredItem::margin),
        texts("verdict", rows, |(_, item)| item.verdict().name()),
        counts("tokens_ab", rows, |item| both_orders(item).tokens_ab),
        counts("tokens_ba", rows, |item| both_orders(item).tokens_ba),
        counts("source_cut", rows, |item| both_orders(item).source_cut),
        counts("chosen_cut", rows, |item| both_orders(item).chosen_cut),
        counts("rejected_cut", rows, |item| both_orders(item).rejected_cut),
    ];
    let mut frame = DataFrame::new(rows.len(), columns)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Uncompressed)
        .finish(&mut frame)?;
    Ok(bytes)
}

fn both_orders(item: &ScoredItem) -> &BothOrders {
    let Outcome::Pairwise(both) = &item.outcome;
    both
}

fn texts(name: &str, rows: &[ModelRow], get: for<'a> fn(&ModelRow<'a>) -> &'a str) -> Column {
    Column::new(name.into(), rows.iter().map(get).collect::<Vec<_>>())
}

fn floats(name: &str, rows: &[ModelRow], get: fn(&ScoredItem) -> f32) -> Column {
    Column::new(
        name.into(),
        rows.iter().map(|(_, item)| get(item)).collect::<Vec<_>>(),
    )
}

fn counts(name: &str, rows: &[ModelRow], get: fn(&ScoredItem) -> usize) -> Column {
    let count = |(_, item): &ModelRow| i64::try_from(get(item)).unwrap_or(i64::MAX);
    Column::new(name.into(), rows.iter().map(count).collect::<Vec<_>>())
}

/// Numbers where the source has only numbers, else text; null where a row has none.
fn ids(rows: &[ModelRow]) -> Column {
    let number = |id: &Id| {
        if let Id::Number(n) = id {
            Some(*n)
        } else {
            None
        }
    };
    let ids = || rows.iter().map(|(_, item)| item.id.as_ref());
    if ids().flatten().all(|id| number(id).is_some()) {
        let numbers: Vec<Option<i64>> = ids().map(|id| id.and_then(number)).collect();
        return Column::new("id".into(), numbers);
    }
    let texts: Vec<Option<String>> = ids().map(|id| id.map(ToString::to_string)).collect();
    Column::new("id".into(), texts)
}

/// Every row with its model.
///
/// # Errors
/// The file cannot be read, is no such file, has no rows, or contradicts itself.
pub(crate) fn read(path: &Path) -> Result<Vec<(String, ScoredItem)>> {
    let file = files::read(path)?;
    let rows = guarded("verdicts", path, || {
        decode(&parquet_reader(file)?.finish()?)
    })?;
    if rows.is_empty() {
        let what = format!(
            "failed to read verdicts: {}: the file has no rows",
            path.display()
        );
        return Err(Error::bad_input(what));
    }
    Ok(rows)
}

fn decode(frame: &DataFrame) -> PolarsResult<Vec<(String, ScoredItem)>> {
    let columns = Columns(frame);
    let (models, subsets) = (columns.texts("model")?, columns.texts("subset")?);
    let (rows, ids) = (columns.counts("row")?, columns.ids()?);
    let (logit_ab, logit_ba) = (columns.floats("logit_ab")?, columns.floats("logit_ba")?);
    let (margins, verdicts) = (columns.floats("margin")?, columns.texts("verdict")?);
    let (tokens_ab, tokens_ba) = (columns.counts("tokens_ab")?, columns.counts("tokens_ba")?);
    let source_cut = columns.counts("source_cut")?;
    let (chosen_cut, rejected_cut) = (
        columns.counts("chosen_cut")?,
        columns.counts("rejected_cut")?,
    );
    let row = |(at, id): (usize, Option<Id>)| {
        let outcome = Outcome::Pairwise(BothOrders {
            logit_ab: logit_ab[at],
            logit_ba: logit_ba[at],
            // The file does not say why an item is invalid; `run.json` does.
            unscorable: None,
            tokens_ab: tokens_ab[at],
            tokens_ba: tokens_ba[at],
            source_cut: source_cut[at],
            chosen_cut: chosen_cut[at],
            rejected_cut: rejected_cut[at],
        });
        agree(&outcome, margins[at], verdicts[at], at)?;
        let item = ScoredItem {
            row: rows[at],
            subset: subsets[at].to_owned(),
            id,
            outcome,
        };
        Ok((models[at].to_owned(), item))
    };
    ids.into_iter().enumerate().map(row).collect()
}

/// Refuses a row whose margin or verdict is not what its logits say.
fn agree(outcome: &Outcome, margin: f32, verdict: &str, at: usize) -> PolarsResult<()> {
    let own = outcome.margin();
    let same = own.to_bits() == margin.to_bits() || own.is_nan() && margin.is_nan();
    if !same {
        return Err(wrong(
            "margin",
            at,
            &format!("{margin}, but its logits say {own}"),
        ));
    }
    let Some(verdict) = Verdict::from_name(verdict) else {
        return Err(wrong(
            "verdict",
            at,
            "expected correct, wrong, tie or invalid",
        ));
    };
    let own = outcome.verdict();
    if own != verdict {
        let what = format!("{}, but its logits say {}", verdict.name(), own.name());
        return Err(wrong("verdict", at, &what));
    }
    Ok(())
}

fn wrong(column: &str, at: usize, what: &str) -> PolarsError {
    PolarsError::ComputeError(format!("row {at}, column `{column}`: {what}").into())
}

/// A table whose columns have no nulls.
struct Columns<'a>(&'a DataFrame);

impl<'a> Columns<'a> {
    fn texts(&self, name: &'static str) -> PolarsResult<Vec<&'a str>> {
        let values = self.0.column(name)?.str()?.iter().enumerate();
        let text = |(at, value): (usize, Option<&'a str>)| {
            value.ok_or_else(|| wrong(name, at, "expected a string, found null"))
        };
        values.map(text).collect()
    }

    fn counts(&self, name: &'static str) -> PolarsResult<Vec<usize>> {
        let values = self.0.column(name)?.i64()?.iter().enumerate();
        let count = |(at, value): (usize, Option<i64>)| {
            let count = value.and_then(|n| usize::try_from(n).ok());
            count.ok_or_else(|| wrong(name, at, "expected a count"))
        };
        values.map(count).collect()
    }

    fn floats(&self, name: &'static str) -> PolarsResult<Vec<f32>> {
        let values = self.0.column(name)?.f32()?.iter().enumerate();
        let float = |(at, value): (usize, Option<f32>)| {
            value.ok_or_else(|| wrong(name, at, "expected a number, found null"))
        };
        values.map(float).collect()
    }

    fn ids(&self) -> PolarsResult<Vec<Option<Id>>> {
        let column = self.0.column("id")?;
        if column.dtype().is_integer() {
            return Ok(column.i64()?.iter().map(|id| id.map(Id::Number)).collect());
        }
        let text = |id: Option<&str>| id.map(|text| Id::Text(text.to_owned()));
        Ok(column.str()?.iter().map(text).collect())
    }
}
