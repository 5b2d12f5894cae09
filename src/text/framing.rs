//! What stands around a text in a token row.

use crate::support::catch_panic::guarded;
use crate::support::error::Result;
use crate::support::input_file::Directory;
use crate::text::special_tokens::SpecialTokens;
use crate::text::tokenizer_files::invalid;
use crate::text::tokenizer_settings::TokenizerSettings;

/// Classes of transformers whose fast tokenizer makes its own post-processor from `add_bos_token`
/// and `add_eos_token`, whatever `tokenizer.json` has (`update_post_processor` in
/// `tokenization_llama_fast.py` and others), with whether it adds a BOS where that is not set.
const OWN_PROCESSORS: [(&str, bool); 5] = [
    ("LlamaTokenizer", true),
    ("CodeLlamaTokenizer", true),
    ("GemmaTokenizer", true),
    ("CohereTokenizer", true),
    ("GPTNeoXTokenizer", false),
];

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

    /// What the tokenizer of a decoder puts around a text.
    ///
    /// # Errors
    /// Where that cannot be said.
    pub(super) fn of_text(
        inner: &tokenizers::Tokenizer,
        home: &Directory,
        settings: &TokenizerSettings,
        special: &SpecialTokens,
    ) -> Result<Self> {
        let mut own = OWN_PROCESSORS.iter();
        if let Some((_, adds_bos)) = own.find(|(class, _)| *class == settings.class()) {
            let token = |setting: &str, default: bool, key: &str| {
                if !settings.flag(setting)?.unwrap_or(default) {
                    return Ok(Vec::new());
                }
                let id = special.get(key).and_then(|token| inner.token_to_id(token));
                id.map(|id| vec![id]).ok_or_else(|| {
                    let class = settings.class();
                    let what = format!("a {class} adds `{key}` to a text, but it is not set");
                    let hint = format!(
                        "set `{key}` in tokenizer_config.json, or `{setting}` there to false"
                    );
                    invalid(home, &what).hint(hint)
                })
            };
            return Ok(Self {
                before: token("add_bos_token", *adds_bos, "bos_token")?,
                after: token("add_eos_token", false, "eos_token")?,
            });
        }
        Self::of_post_processor(inner).ok_or_else(|| {
            let what = "its post-processor puts no tokens before and after a text, but changes it";
            invalid(home, what)
        })
    }

    /// `None` where it does something else.
    fn of_post_processor(inner: &tokenizers::Tokenizer) -> Option<Self> {
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
