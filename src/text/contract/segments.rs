//! `pair` and `blender`: `[CLS] question [SEP] answer [SEP]`.
//!
//! Both are defined for a single turn. The question of a conversation with more is here what `raw`
//! makes of it, all contents with nothing between.

use crate::data::Message;
use crate::support::error::Result;
use crate::text::contract::row::{AnswerRow, split_conversation};
use crate::text::tokenizer::{Side, Tokenizer};

/// `tokenizer(question, answer)` of the model cards, which cuts nothing.
pub(super) fn row(tokenizer: &Tokenizer, conversation: &[Message]) -> Result<AnswerRow> {
    let (history, answer) = split_conversation(conversation);
    let (mut ids, _) = tokenizer.segment(&question(history), usize::MAX, Side::Right)?;
    // transformers takes an empty answer for none: `tokenizer("q", "")` is `[CLS] q [SEP]`.
    let second_segment = (!answer.is_empty()).then_some(ids.len());
    if second_segment.is_some() {
        ids.extend(tokenizer.second_segment(answer)?);
    }
    Ok(AnswerRow {
        ids,
        second_segment,
        is_first_masked: false,
        source_cut: 0,
        answer_cut: 0,
    })
}

/// `DebertaRMCollator` of `llm_blender/pair_ranker/collator.py`: each text is tokenized, cut to the
/// tokenizer's `model_max_length` and decoded; what is left of it becomes the pair, which is not
/// cut again. It always tokenizes a batch, in which an empty answer keeps its `[SEP]`.
pub(super) fn row_after_round_trip(
    tokenizer: &Tokenizer,
    conversation: &[Message],
) -> Result<AnswerRow> {
    let (history, answer) = split_conversation(conversation);
    // `[CLS]` and `[SEP]` count.
    let max = tokenizer
        .model_max_length()
        .map_or(usize::MAX, |max| max.saturating_sub(2));
    let trip = |text: &str| tokenizer.round_trip(text, max, Side::Right);
    let (question, source_cut) = trip(&question(history))?;
    let (answer, answer_cut) = trip(answer)?;
    let (mut ids, _) = tokenizer.segment(&question, usize::MAX, Side::Right)?;
    let second_segment = Some(ids.len());
    ids.extend(tokenizer.second_segment(&answer)?);
    Ok(AnswerRow {
        ids,
        second_segment,
        is_first_masked: false,
        source_cut,
        answer_cut,
    })
}

fn question(history: &[Message]) -> String {
    history
        .iter()
        .map(|message| message.content.as_str())
        .collect()
}
