//! The pairs whose verdict changed, with their texts.

use std::collections::HashMap;

use crate::comparison::Comparison;
use crate::data::pair_texts;
use crate::data::pair_texts::{PairTexts, Texts};
use crate::report::Flip;
use crate::scoring::run_dir::RunDir;

/// The first changed pairs, with their texts if the files are still what was run.
pub(crate) fn flips(
    comparison: &Comparison,
    n: usize,
    run: Option<&RunDir>,
    notes: &mut Vec<String>,
) -> Vec<Flip> {
    let shown = comparison.changes.iter().take(n);
    let texts = run.filter(|_| shown.len() > 0).map_or_else(
        || Texts::Ok(HashMap::new()),
        |run| pair_texts::read_again(&run.record.data),
    );
    if let Err(why) = &texts {
        notes.push(format!("without the texts of the pairs: {why}"));
    }
    let text = |row: usize| texts.as_ref().ok()?.get(&row).map(PairTexts::of);
    shown
        .map(|change| Flip {
            change: change.clone(),
            text: text(change.row),
        })
        .collect()
}
