//! What stands around a text in a token row.

use serde_json::Value;

use crate::support::catch_panic::guarded;
use crate::text::special_tokens::{SpecialTokens, class};

/// Classes of transformers whose fast tokenizer makes its own post-processor from
/// `add_bos_token` and `add_eos_token`, whatever `tokenizer.json` has (`update_post_processor` in
/// `tokenization_llama_fast.py` and `tokenization_gemma_fast.py`).
const OWN_PROCESSORS: [&str; 2] = ["LlamaTokenizer", "GemmaTokenizer"];

/// The ids that are put before and after the ids of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Framing {
    pub(super) before: Vec<u32>,
    pub(super) after: Vec<u32>,
}

impl Framing {
    /// `[CLS] text [SEP]`.
    pub(super) fn of_segment(cls: u32, sep: u32) -> Self {
        Self {
            before: vec![cls],
            after: vec![sep],
        }
    }

    /// What the tokenizer of a decoder puts around a text; `None` where that cannot be said.
    pub(super) fn of_text(
        inner: &tokenizers::Tokenizer,
        settings: &Value,
        special: &SpecialTokens,
    ) -> Option<Self> {
        if OWN_PROCESSORS.contains(&class(settings)) {
            let token = |setting: &str, default: bool, key: &str| {
                let adds = settings.get(setting).and_then(Value::as_bool);
                if !adds.unwrap_or(default) {
                    return Some(Vec::new());
                }
                let id = special.get(key).and_then(|token| inner.token_to_id(token));
                id.map(|id| vec![id])
            };
            return Some(Self {
                before: token("add_bos_token", true, "bos_token")?,
                after: token("add_eos_token", false, "eos_token")?,
            });
        }
        let ids = |text: &str, framed: bool| {
            let encoded = guarded(|| inner.encode_fast(text.to_owned(), framed));
            let encoded = encoded.and_then(std::result::Result::ok)?;
            Some(encoded.get_ids().to_vec())
        };
        let (before, after) = around(&ids("a ", false)?, &ids("a ", true)?)?;
        // A second text, so that no id of the first is taken for one of the frame.
        let other = [&before, &ids("b", false)?[..], &after].concat();
        (ids("b", true)? == other).then_some(Self { before, after })
    }
}

/// What `framed` has before and after `text`.
fn around(text: &[u32], framed: &[u32]) -> Option<(Vec<u32>, Vec<u32>)> {
    let mut starts = framed.windows(text.len().max(1));
    let start = starts.position(|window| window == text)?;
    let end = start + text.len();
    Some((framed[..start].to_vec(), framed[end..].to_vec()))
}
