//! reward-bench's files of scores: an object of columns.

use crate::data::json_text::{self, Entries, JsonText};
use crate::scoring::imported::numbers::{TieRule, count, id, result, score, scores};
use crate::scoring::imported::reading::{Reading, text, value};
use crate::scoring::imported::result_file::ResultFile;
use crate::scoring::imported::result_row::{ResultRow, RowNumbers};
use crate::scoring::run_dir::record::Layout;
use crate::support::error::{Error, Result};

/// The columns of a file, all of them as long as `results`.
struct Columns<'a> {
    reading: Reading<'a>,
    entries: &'a Entries<'a>,
    rows: usize,
}

pub(super) fn read<'a>(
    reading: Reading<'a>,
    entries: &'a Entries<'a>,
) -> Result<(Layout, ResultFile)> {
    let results = list(reading, entries, "results")?.unwrap_or_default();
    let columns = Columns {
        reading,
        entries,
        rows: results.len(),
    };
    let (layout, numbers) = if value(entries, "scores").is_some() {
        (Layout::Scores2, columns.several()?)
    } else {
        (Layout::Scores, columns.pairs()?)
    };
    let scores_key = if layout == Layout::Scores2 {
        "scores"
    } else {
        "scores_chosen"
    };
    let subsets = columns.needed("subset")?;
    let ids = columns.column("id")?;
    let mut rows = Vec::with_capacity(results.len());
    for (at, (mut numbers, written)) in numbers.into_iter().zip(results).enumerate() {
        let bad = |key: &str, what: String| reading.bad_value(at, key, &what);
        numbers.result = Some(result(written).map_err(|what| bad("results", what))?);
        let subset = json_text::text(subsets[at]);
        let subset = subset.ok_or_else(|| bad("subset", "expected a text".to_owned()))?;
        let id = ids.as_ref().map_or(Ok(None), |ids| id(ids[at]));
        rows.push(ResultRow {
            subset: Some(subset),
            id: id.map_err(|what| bad("id", what))?,
            outcome: numbers
                .outcome()
                .map_err(|why| reading.bad_numbers(at, [scores_key, "results"], &why))?,
        });
    }
    let found = ResultFile {
        model: text(entries, "model"),
        model_type: text(entries, "model_type"),
        chat_template: text(entries, "chat_template"),
        ..ResultFile::of(rows)
    };
    Ok((layout, found))
}

fn list<'a>(reading: Reading, entries: &Entries<'a>, key: &str) -> Result<Option<Vec<&'a str>>> {
    let Some(written) = value(entries, key) else {
        return Ok(None);
    };
    let found = JsonText::new(written).list();
    let what = || reading.bad(&format!("key `{key}`: expected a list"));
    found.ok_or_else(what).map(Some)
}

impl<'a> Columns<'a> {
    /// `None` where the file has no such column.
    fn column(&self, key: &str) -> Result<Option<Vec<&'a str>>> {
        let found = list(self.reading, self.entries, key)?;
        match &found {
            Some(list) if list.len() != self.rows => Err(self.reading.bad(&format!(
                "columns of different lengths: `results` has {}, `{key}` has {}",
                self.rows,
                list.len()
            ))),
            _ => Ok(found),
        }
    }

    fn needed(&self, key: &str) -> Result<Vec<&'a str>> {
        let found = self.column(key)?;
        found.ok_or_else(|| {
            let error = self.reading.bad(&format!("no key `{key}`"));
            if key.starts_with("scores") {
                error.hint(WITHOUT_SCORES)
            } else {
                error
            }
        })
    }

    fn pairs(&self) -> Result<Vec<RowNumbers>> {
        let names = ["scores_chosen", "scores_rejected"];
        let [chosen, rejected] = [self.needed(names[0])?, self.needed(names[1])?];
        let rows = chosen.into_iter().zip(rejected).enumerate();
        rows.map(|(at, (chosen, rejected))| {
            let of = |side: usize, written: &str| {
                score(written).map_err(|what| self.bad_score(at, names[side], &what))
            };
            Ok(RowNumbers {
                chosen: 1,
                scores: vec![of(0, chosen)?, of(1, rejected)?],
                result: None,
                ties: TieRule::Loses,
            })
        })
        .collect()
    }

    fn several(&self) -> Result<Vec<RowNumbers>> {
        let lists = self.needed("scores")?;
        let chosen = self.needed("num_correct")?;
        let rows = lists.into_iter().zip(chosen).enumerate();
        rows.map(|(at, (list, chosen))| {
            let bad = |key, what: String| self.bad_score(at, key, &what);
            Ok(RowNumbers {
                chosen: count(chosen).map_err(|what| bad("num_correct", what))?,
                scores: scores(list).map_err(|what| bad("scores", what))?,
                result: None,
                ties: TieRule::Shares,
            })
        })
        .collect()
    }

    fn bad_score(&self, row: usize, key: &str, what: &str) -> Error {
        let error = self.reading.bad_value(row, key, what);
        if what == "no score" {
            error.hint(WITHOUT_SCORES)
        } else {
            error
        }
    }
}

const WITHOUT_SCORES: &str = "generative judges and pair models leave results without scores: a \
    verdict without a number cannot be imported";
