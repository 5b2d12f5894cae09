//! `chat` and `card`: a conversation as the checkpoint's own chat template renders it, without a
//! prompt for a further answer.
//!
//! Roles are those of the data. (`run_rm.py` takes the first, third, fifth … message of a prompt
//! for the user's, which is the same wherever user and assistant take turns.)

use crate::data::Message;
use crate::support::error::{Error, Result};
use crate::text::contract::fastchat::{ROW_MAX, SIDE};
use crate::text::contract::row::{AnswerRow, Unsupported};
use crate::text::tokenizer::{Side, Tokenizer};

/// The text that is tokenized under `chat`.
pub(super) fn text(
    tokenizer: &Tokenizer,
    conversation: &[Message],
) -> std::result::Result<String, Unsupported> {
    let template = tokenizer
        .chat_template()
        .ok_or(Unsupported::NoChatTemplate)?;
    template
        .render(conversation)
        .map_err(Unsupported::ByTemplate)
}

/// The same under `card`: without the token that begins a text, which the tokenizer adds.
pub(super) fn card_text(
    tokenizer: &Tokenizer,
    conversation: &[Message],
) -> std::result::Result<String, Unsupported> {
    let text = text(tokenizer, conversation)?;
    let bos = tokenizer.bos().unwrap_or_default();
    Ok(text.strip_prefix(bos).map(str::to_owned).unwrap_or(text))
}

/// The row of `chat`, as the pipeline of `rewardbench` makes it (`rewardbench/models/pipeline.py`):
/// the tokenizer adds its own special tokens, so that a text which begins with one has two. "A few
/// models have a double bos token": the first of the two is masked.
pub(super) fn row(tokenizer: &Tokenizer, conversation: &[Message]) -> Result<AnswerRow> {
    let text = text(tokenizer, conversation).map_err(no_text)?;
    let (ids, cut) = tokenizer.segment(&text, ROW_MAX, SIDE)?;
    // The tokens of the prompt alone, where it can be rendered alone: a token across its end is
    // counted there.
    let source_cut = match (cut, conversation.split_last()) {
        (0, _) | (_, None) => 0,
        (cut, Some((_, prompt))) => {
            let prompt = match self::text(tokenizer, prompt) {
                Err(Unsupported::ByTemplate(why)) if why.is_fatal() => {
                    return Err(no_text(why.into()));
                }
                rendered => rendered.unwrap_or_default(),
            };
            cut.min(tokenizer.encode(&prompt)?.len())
        }
    };
    let bos = tokenizer.bos().and_then(|bos| tokenizer.id_of(bos));
    Ok(AnswerRow {
        is_first_masked: bos.is_some() && ids.first() == bos.as_ref() && ids.get(1) == bos.as_ref(),
        second_segment: None,
        source_cut,
        answer_cut: cut - source_cut,
        ids,
    })
}

/// The row of `card`, as the authors' model cards make it: nothing is cut.
pub(super) fn card_row(tokenizer: &Tokenizer, conversation: &[Message]) -> Result<AnswerRow> {
    let text = card_text(tokenizer, conversation).map_err(no_text)?;
    let (ids, _) = tokenizer.segment(&text, usize::MAX, Side::Right)?;
    Ok(AnswerRow {
        ids,
        second_segment: None,
        is_first_masked: false,
        source_cut: 0,
        answer_cut: 0,
    })
}

fn no_text(reason: Unsupported) -> Error {
    Error::bad_input("failed to render a conversation").caused_by(reason)
}
