//! `pairranker`: prompt and answers as they are, as `llm_blender` compares them
//! (`llm_blender/pair_ranker/collator.py`, `CrossCompareCollator`).

use crate::data::Message;
use crate::support::error::{Error, Result};
use crate::text::contract::row::{Row, split_conversation};
use crate::text::tokenizer::{Side, Tokenizer};

/// The source loses its end.
pub(super) const SOURCE_SIDE: Side = Side::Right;

/// The lengths of a row, in ids, which are those of the ranker's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowLengths {
    /// The most of the source.
    pub source: usize,
    /// The most of a candidate beside a source of full length.
    pub candidate: usize,
}

impl RowLengths {
    /// Of `llm-blender/PairRM`.
    pub(crate) const PAIRRM: Self = Self {
        source: 1224,
        candidate: 412,
    };
}

/// The token row. The reference takes the budget of the candidates from the longest source of the
/// batch; here each pair is its own batch, so that no verdict depends on its neighbours.
pub(super) fn row(
    tokenizer: &Tokenizer,
    lengths: RowLengths,
    first: &[Message],
    second: &[Message],
) -> Result<Row> {
    let (source, source_cut) = tokenizer.segment(
        &marked("<|source|>", &prompt(first)),
        lengths.source,
        SOURCE_SIDE,
    )?;
    let budget = lengths.candidate + (lengths.source - source.len()) / 2;
    let (left, first_cut) = candidate(tokenizer, first, "<|candidate1|>", budget)?;
    let (right, second_cut) = candidate(tokenizer, second, "<|candidate2|>", budget)?;
    Ok(Row {
        ids: [source, left, right].concat(),
        source_cut,
        first_cut,
        second_cut,
    })
}

/// Both candidates are tokenized behind one marker, which then becomes that of their side: wherever
/// it stands, and so in an answer that contains it, too.
fn candidate(
    tokenizer: &Tokenizer,
    conversation: &[Message],
    marker: &str,
    budget: usize,
) -> Result<(Vec<u32>, usize)> {
    let (_, answer) = split_conversation(conversation);
    let id = |marker: &str| {
        let missing = || Error::bad_input(format!("the tokenizer has no token {marker}"));
        tokenizer.id_of(marker).ok_or_else(missing)
    };
    let (common, own) = (id("<|candidate|>")?, id(marker)?);
    let (mut ids, cut) =
        tokenizer.segment(&marked("<|candidate|>", answer), budget, Side::Right)?;
    for id in ids.iter_mut().filter(|id| **id == common) {
        *id = own;
    }
    Ok((ids, cut))
}

/// Behind its marker; a separator in the text becomes a space, as rows are divided by them there.
fn marked(marker: &str, text: &str) -> String {
    format!("{marker}{text}").replace("[SEP]", " ")
}

/// The prompt of a single turn. The reference defines no other; of more turns it is here each on
/// its line.
fn prompt(conversation: &[Message]) -> String {
    let (history, _) = split_conversation(conversation);
    let contents: Vec<&str> = history
        .iter()
        .map(|message| message.content.as_str())
        .collect();
    contents.join("\n")
}
