//! Rows with all answers in one list, as BIG-bench has them.

use crate::data::cell::{Cell, Cells};
use crate::data::column_map::Field;
use crate::data::raw_row::RawRow;
use crate::data::row_place::RowPlace;
use crate::support::error::Result;

/// Answers in one list, and a list that has 1 for each of them that is a chosen one.
pub(crate) fn row(row: &RowPlace, mut cells: Cells) -> Result<RawRow> {
    let nothing = || Cell::other("nothing");
    let mut take = |field: Field| cells.take(field).unwrap_or_else(nothing);
    let (prompt, texts, label) = (
        take(Field::Prompt),
        take(Field::Choices),
        take(Field::Label),
    );
    let Cell::Texts(texts) = texts else {
        return Err(row.wrong(Field::Choices, "a list of strings", &texts));
    };
    let labels = match label {
        Cell::Integers(labels) if labels.iter().all(|label| (0..2).contains(label)) => labels,
        other => return Err(row.wrong(Field::Label, "a list of ones and zeros", &other)),
    };
    if labels.len() != texts.len() {
        let what = format!("{} labels for {} answers", labels.len(), texts.len());
        return Err(row.bad(Field::Label, &what));
    }
    let (chosen, rejected): (Vec<_>, Vec<_>) = texts
        .into_iter()
        .zip(labels)
        .partition(|(_, label)| *label == 1);
    let [chosen, rejected] =
        [chosen, rejected].map(|all| Cell::Texts(all.into_iter().map(|own| own.0).collect()));
    let (subset, id) = (cells.take(Field::Subset), cells.take(Field::Id));
    Ok(RawRow {
        subset: subset.map(|cell| row.subset(cell)).transpose()?,
        id: id.map(|cell| row.id(cell)).transpose()?,
        prompt: row.prompt(prompt)?,
        chosen: row.answers(Field::Choices, chosen)?,
        rejected: row.answers(Field::Choices, rejected)?,
        label: None,
        is_tie: false,
        is_list_text: false,
    })
}
