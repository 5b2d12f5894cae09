//! `MODEL_outputs.jsonl` of the command `rewardbench`: a line for each pair, with the columns of
//! the data behind it.

use crate::data::json_text::{self, Entries};
use crate::scoring::imported::numbers::{TieRule, id, result, score};
use crate::scoring::imported::reading::{Reading, value};
use crate::scoring::imported::result_file::ResultFile;
use crate::scoring::imported::result_row::{ResultRow, RowNumbers};
use crate::support::error::Result;

pub(super) fn read(reading: Reading, rows: &[Entries]) -> Result<ResultFile> {
    let rows = rows.iter().enumerate();
    let rows = rows.map(|(at, entries)| row(reading, at, entries));
    rows.collect::<Result<_>>().map(ResultFile::of)
}

fn row(reading: Reading, at: usize, entries: &Entries) -> Result<ResultRow> {
    let bad = |key: &str, what: String| reading.bad_value(at, key, &what);
    let needed = |key: &str| reading.needed(at, entries, key);
    let score_of = |key: &str| score(needed(key)?).map_err(|what| bad(key, what));
    let numbers = RowNumbers {
        chosen: 1,
        scores: vec![score_of("scores_chosen")?, score_of("scores_rejected")?],
        result: Some(result(needed("results")?).map_err(|what| bad("results", what))?),
        ties: TieRule::Loses,
    };
    let subset = value(entries, "subset").filter(|written| *written != "null");
    let a_text = |written| {
        let found = json_text::text(written);
        found.ok_or_else(|| bad("subset", "expected a text".to_owned()))
    };
    let id = value(entries, "id").map_or(Ok(None), id);
    let outcome = numbers.outcome();
    Ok(ResultRow {
        subset: subset.map(a_text).transpose()?,
        id: id.map_err(|what| bad("id", what))?,
        outcome: outcome
            .map_err(|why| reading.bad_numbers(at, ["scores_chosen", "results"], &why))?,
    })
}
