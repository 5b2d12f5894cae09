//! `verdicts.parquet`: one row per model and item.
//!
//! The columns of the head that a model has not are null, and of imported results all that is about
//! tokens. Margin and verdict stand in the file for
//! other readers. Here they are computed from the logits or scores, and a file where they are
//! anything else is refused.

use std::path::Path;

use polars::prelude::*;

use crate::checkpoint::PrecisionName;
use crate::data::{Id, guarded, parquet_reader};
use crate::scoring::run_dir::columns::{Columns, wrong};
use crate::scoring::run_dir::several_columns::{self as several, ModelRow, Several};
use crate::scoring::verdict::{AnswerScores, BothOrders, Outcome, ScoredItem, Verdict};
use crate::support::error::{Error, Result};
use crate::support::files;

/// The label of an item of which neither answer is better.
const TIE: &str = "tie";

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
        counts("row", rows, |item| Some(item.row)),
        texts("subset", rows, |(_, item)| &item.subset),
        ids(rows),
        words("label", rows, |item| item.is_tie.then_some(TIE)),
        floats("logit_ab", rows, |item| Some(both_orders(item)?.logit_ab)),
        floats("logit_ba", rows, |item| Some(both_orders(item)?.logit_ba)),
        floats("score_chosen", rows, |item| {
            Some(scores(item)?.score_chosen)
        }),
        floats("score_rejected", rows, |item| {
            Some(scores(item)?.score_rejected)
        }),
        floats("margin", rows, |item| Some(item.margin())),
        texts("verdict", rows, |(_, item)| item.verdict().name()),
        tokens("tokens_ab", rows, |own| Some(both_orders(own)?.tokens_ab)),
        tokens("tokens_ba", rows, |own| Some(both_orders(own)?.tokens_ba)),
        tokens("tokens_chosen", rows, |own| {
            Some(scores(own)?.tokens_chosen)
        }),
        tokens("tokens_rejected", rows, |own| {
            Some(scores(own)?.tokens_rejected)
        }),
        several::answers(rows),
        several::scores(rows),
        several::logits(rows),
        several::compared(rows),
        tokens("tokens", rows, |own| several::tokens(&own.outcome)),
        words("precision", rows, |item| {
            item.precision.map(PrecisionName::as_str)
        }),
        tokens("source_cut", rows, |own| Some(own.outcome.cuts()[0])),
        tokens("chosen_cut", rows, |own| Some(own.outcome.cuts()[1])),
        tokens("rejected_cut", rows, |own| Some(own.outcome.cuts()[2])),
    ];
    let mut frame = DataFrame::new(rows.len(), columns)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Uncompressed)
        .finish(&mut frame)?;
    Ok(bytes)
}

fn both_orders(item: &ScoredItem) -> Option<&BothOrders> {
    match &item.outcome {
        Outcome::Pairwise(both) => Some(both),
        _ => None,
    }
}

fn scores(item: &ScoredItem) -> Option<&AnswerScores> {
    match &item.outcome {
        Outcome::Scalar(scores) => Some(scores),
        _ => None,
    }
}

fn texts(name: &str, rows: &[ModelRow], get: for<'a> fn(&ModelRow<'a>) -> &'a str) -> Column {
    Column::new(name.into(), rows.iter().map(get).collect::<Vec<_>>())
}

/// Null where the head has no such number.
fn floats(name: &str, rows: &[ModelRow], get: fn(&ScoredItem) -> Option<f32>) -> Column {
    Column::new(
        name.into(),
        rows.iter().map(|(_, item)| get(item)).collect::<Vec<_>>(),
    )
}

/// Null where the head has no such number.
fn counts(name: &str, rows: &[ModelRow], get: impl Fn(&ScoredItem) -> Option<usize>) -> Column {
    let count = |(_, item): &ModelRow| get(item).map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    Column::new(name.into(), rows.iter().map(count).collect::<Vec<_>>())
}

/// [`counts`] of tokens: null where nobody counted them.
fn tokens(name: &str, rows: &[ModelRow], get: fn(&ScoredItem) -> Option<usize>) -> Column {
    let known = |item: &ScoredItem| item.outcome.knows_tokens().then(|| get(item)).flatten();
    counts(name, rows, known)
}

/// Null where there is none: no label where one answer is better, no precision in a run that
/// computes in one, which `run.json` has.
fn words(name: &str, rows: &[ModelRow], get: fn(&ScoredItem) -> Option<&'static str>) -> Column {
    Column::new(
        name.into(),
        rows.iter().map(|(_, item)| get(item)).collect::<Vec<_>>(),
    )
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
    let (margins, verdicts) = (columns.floats("margin")?, columns.texts("verdict")?);
    let (precisions, numbers) = (columns.precisions()?, Numbers::of(&columns)?);
    let ties = columns.are_label(TIE)?;
    let row = |(at, id): (usize, Option<Id>)| {
        let item = ScoredItem {
            row: rows[at],
            subset: subsets[at].to_owned(),
            id,
            is_tie: ties[at],
            outcome: numbers.outcome(at)?,
            precision: precisions[at],
        };
        agree(&item, margins[at], verdicts[at], at)?;
        Ok((models[at].to_owned(), item))
    };
    ids.into_iter().enumerate().map(row).collect()
}

/// A head's two numbers of every row, and the tokens of the rows behind them; null in the rows of
/// the other head.
struct OfHead {
    names: [&'static str; 2],
    numbers: [Vec<Option<f32>>; 2],
    tokens: [Vec<Option<usize>>; 2],
}

impl OfHead {
    /// Files that were written before there were two heads have the columns of one.
    fn read(
        columns: &Columns,
        names: [&'static str; 2],
        tokens: [&'static str; 2],
    ) -> PolarsResult<Self> {
        let [first, second] = names;
        let [first_tokens, second_tokens] = tokens;
        Ok(Self {
            names,
            numbers: [
                columns.floats_or_null(first)?,
                columns.floats_or_null(second)?,
            ],
            tokens: [
                columns.counts_or_null(first_tokens)?,
                columns.counts_or_null(second_tokens)?,
            ],
        })
    }

    /// Of one row: the numbers and the tokens, all or none. Imported numbers have no tokens.
    fn at(&self, at: usize) -> PolarsResult<Option<([f32; 2], [usize; 2])>> {
        let numbers = self.numbers.each_ref().map(|column| column[at]);
        let tokens = self.tokens.each_ref().map(|column| column[at]);
        match (numbers, tokens) {
            ([None, None], [None, None]) => Ok(None),
            ([Some(first), Some(second)], [Some(a), Some(b)]) => {
                Ok(Some(([first, second], [a, b])))
            }
            ([Some(first), Some(second)], [None, None]) => Ok(Some(([first, second], [0, 0]))),
            _ => Err(wrong(
                self.names[0],
                at,
                "the columns of a head must be null together",
            )),
        }
    }
}

/// The columns from which outcomes come.
struct Numbers {
    pairwise: OfHead,
    scalar: OfHead,
    several: Several,
    cuts: [Vec<Option<usize>>; 3],
}

impl Numbers {
    fn of(columns: &Columns) -> PolarsResult<Self> {
        Ok(Self {
            pairwise: OfHead::read(
                columns,
                ["logit_ab", "logit_ba"],
                ["tokens_ab", "tokens_ba"],
            )?,
            scalar: OfHead::read(
                columns,
                ["score_chosen", "score_rejected"],
                ["tokens_chosen", "tokens_rejected"],
            )?,
            several: Several::read(columns.0)?,
            cuts: [
                columns.counts_or_null("source_cut")?,
                columns.counts_or_null("chosen_cut")?,
                columns.counts_or_null("rejected_cut")?,
            ],
        })
    }

    /// Tokens and cuts are known together or not at all.
    fn outcome(&self, at: usize) -> PolarsResult<Outcome> {
        let is_known = self.cuts.each_ref().map(|cuts| cuts[at].is_some());
        let outcome = self.numbers(at)?;
        if is_known == [outcome.knows_tokens(); 3] || is_known == [true; 3] {
            return Ok(outcome);
        }
        Err(wrong("source_cut", at, "expected a count, found null"))
    }

    /// The file does not say why an item is invalid; `run.json` does.
    fn numbers(&self, at: usize) -> PolarsResult<Outcome> {
        let cuts = self.cuts.each_ref().map(|cuts| cuts[at]);
        let cuts = cuts.map(Option::unwrap_or_default);
        let [source_cut, chosen_cut, rejected_cut] = cuts;
        let of_pair = (self.pairwise.at(at)?, self.scalar.at(at)?);
        if let Some(outcome) = self
            .several
            .outcome(at, cuts)
            .map_err(|e| wrong("scores", at, &e))?
        {
            return match of_pair {
                (None, None) => Ok(outcome),
                _ => Err(wrong(
                    "scores",
                    at,
                    "the numbers of a pair and of several answers",
                )),
            };
        }
        match of_pair {
            (Some(([logit_ab, logit_ba], [tokens_ab, tokens_ba])), None) => {
                Ok(Outcome::Pairwise(BothOrders {
                    logit_ab,
                    logit_ba,
                    unscorable: None,
                    tokens_ab,
                    tokens_ba,
                    source_cut,
                    chosen_cut,
                    rejected_cut,
                }))
            }
            (None, Some(([score_chosen, score_rejected], [tokens_chosen, tokens_rejected]))) => {
                Ok(Outcome::Scalar(AnswerScores {
                    score_chosen,
                    score_rejected,
                    unscorable: None,
                    tokens_chosen,
                    tokens_rejected,
                    source_cut,
                    chosen_cut,
                    rejected_cut,
                }))
            }
            (None, None) => Err(wrong("logit_ab", at, "neither logits nor scores")),
            (Some(_), Some(_)) => Err(wrong("score_chosen", at, "both logits and scores")),
        }
    }
}

/// Refuses a row whose margin or verdict is not what its numbers say.
fn agree(item: &ScoredItem, margin: f32, verdict: &str, at: usize) -> PolarsResult<()> {
    let own = item.margin();
    let same = own.to_bits() == margin.to_bits() || own.is_nan() && margin.is_nan();
    if !same {
        return Err(wrong(
            "margin",
            at,
            &format!("{margin}, but its numbers say {own}"),
        ));
    }
    let Some(verdict) = Verdict::from_name(verdict) else {
        return Err(wrong(
            "verdict",
            at,
            "expected correct, wrong, tie or invalid",
        ));
    };
    let own = item.verdict();
    if own != verdict {
        let what = format!("{}, but its numbers say {}", verdict.name(), own.name());
        return Err(wrong("verdict", at, &what));
    }
    Ok(())
}
