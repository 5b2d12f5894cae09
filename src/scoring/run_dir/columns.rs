//! Columns of `verdicts.parquet`, with errors that name row and column.

use polars::prelude::*;

use crate::checkpoint::PrecisionName;
use crate::data::Id;

pub(super) fn wrong(column: &str, at: usize, what: &str) -> PolarsError {
    PolarsError::ComputeError(format!("row {at}, column `{column}`: {what}").into())
}

/// A table whose columns have no nulls but where it is said.
pub(super) struct Columns<'a>(pub(super) &'a DataFrame);

impl<'a> Columns<'a> {
    pub(super) fn texts(&self, name: &'static str) -> PolarsResult<Vec<&'a str>> {
        let values = self.0.column(name)?.str()?.iter().enumerate();
        let text = |(at, value): (usize, Option<&'a str>)| {
            value.ok_or_else(|| wrong(name, at, "expected a string, found null"))
        };
        values.map(text).collect()
    }

    pub(super) fn counts(&self, name: &'static str) -> PolarsResult<Vec<usize>> {
        let values = self.0.column(name)?.i64()?.iter().enumerate();
        let count = |(at, value): (usize, Option<i64>)| {
            let count = value.and_then(|n| usize::try_from(n).ok());
            count.ok_or_else(|| wrong(name, at, "expected a count"))
        };
        values.map(count).collect()
    }

    pub(super) fn floats(&self, name: &'static str) -> PolarsResult<Vec<f32>> {
        let values = self.0.column(name)?.f32()?.iter().enumerate();
        let float = |(at, value): (usize, Option<f32>)| {
            value.ok_or_else(|| wrong(name, at, "expected a number, found null"))
        };
        values.map(float).collect()
    }

    /// Null in every row where there is no such column.
    pub(super) fn floats_or_null(&self, name: &'static str) -> PolarsResult<Vec<Option<f32>>> {
        match self.0.column(name) {
            Ok(column) => Ok(column.f32()?.iter().collect()),
            Err(_) => Ok(vec![None; self.0.height()]),
        }
    }

    /// Null in every row where there is no such column.
    pub(super) fn counts_or_null(&self, name: &'static str) -> PolarsResult<Vec<Option<usize>>> {
        let Ok(column) = self.0.column(name) else {
            return Ok(vec![None; self.0.height()]);
        };
        let count = |(at, value): (usize, Option<i64>)| {
            let count = value.map(|n| usize::try_from(n).map_err(|_| wrong(name, at, "a count")));
            count.transpose()
        };
        column.i64()?.iter().enumerate().map(count).collect()
    }

    /// Files of older versions have no such column.
    pub(super) fn precisions(&self) -> PolarsResult<Vec<Option<PrecisionName>>> {
        let Ok(column) = self.0.column("precision") else {
            return Ok(vec![None; self.0.height()]);
        };
        if column.null_count() == column.len() {
            return Ok(vec![None; self.0.height()]);
        }
        let known = |(at, text): (usize, Option<&str>)| {
            let name = |text: &str| {
                let mut names = PrecisionName::ALL.into_iter();
                let name = names.find(|name| name.as_str() == text);
                name.ok_or_else(|| {
                    wrong(
                        "precision",
                        at,
                        "expected f32, f16, bf16, int8 or int8-affine",
                    )
                })
            };
            text.map(name).transpose()
        };
        column.str()?.iter().enumerate().map(known).collect()
    }

    /// Whether `label` is this one, which it is or null; files of older versions have no such column.
    pub(super) fn are_label(&self, only: &str) -> PolarsResult<Vec<bool>> {
        let Ok(column) = self.0.column("label") else {
            return Ok(vec![false; self.0.height()]);
        };
        let is_it = |(at, text): (usize, Option<&str>)| match text {
            None => Ok(false),
            Some(text) if text == only => Ok(true),
            Some(_) => Err(wrong("label", at, &format!("expected {only} or null"))),
        };
        column.str()?.iter().enumerate().map(is_it).collect()
    }

    pub(super) fn ids(&self) -> PolarsResult<Vec<Option<Id>>> {
        let column = self.0.column("id")?;
        if column.dtype().is_integer() {
            return Ok(column.i64()?.iter().map(|id| id.map(Id::Number)).collect());
        }
        let text = |id: Option<&str>| id.map(|text| Id::Text(text.to_owned()));
        Ok(column.str()?.iter().map(text).collect())
    }
}
