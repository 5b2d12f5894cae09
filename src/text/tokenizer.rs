//! The tokenizer of a checkpoint, as transformers 4.51 uses its fast one.

use serde_json::Value;
use tokenizers::AddedToken;

use crate::support::catch_panic::guarded;
use crate::support::error::{Error, Result};
use crate::support::input_file::Directory;
use crate::text::added_tokens;
use crate::text::chat_template::ChatTemplate;
use crate::text::framing::Framing;
use crate::text::special_tokens::SpecialTokens;
use crate::text::tokenizer_files::{Found, invalid};

/// From which side a text is truncated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Cut from the right: the start is kept.
    Right,
    /// Cut from the left: the end is kept.
    Left,
}

/// What LLM-Blender adds to a tokenizer, in this order.
const MARKERS: [&str; 4] = [
    "<|source|>",
    "<|candidate1|>",
    "<|candidate2|>",
    "<|candidate|>",
];

/// Adds the tokens that the files beside `tokenizer.json` name; the special ones.
fn add_tokens(found: &mut Found, home: &Directory) -> Result<SpecialTokens> {
    let (special, read) = SpecialTokens::read(home, &found.settings, found.padding.as_deref())?;
    found.files.extend(read);
    let read = added_tokens::complete(&mut found.inner, home, &found.settings, &special)?;
    found.files.extend(read);
    Ok(special)
}

/// A loaded tokenizer, with the settings of `tokenizer_config.json` that change ids or texts.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// Around a text.
    framing: Framing,
    clean_up_spaces: bool,
    model_max_length: Option<usize>,
    /// Of a decoder's tokenizer.
    special: SpecialTokens,
    chat: Option<ChatTemplate>,
}

impl Tokenizer {
    /// The tokenizer of a DeBERTa, from `tokenizer.json`, else built from `spm.model`; also the
    /// names of the files that were read.
    ///
    /// # Errors
    /// Where a file is damaged, or the tokenizer does not make `[CLS] text [SEP]`.
    pub fn load(home: &Directory) -> Result<(Self, Vec<&'static str>)> {
        let mut found = Found::read(home)?;
        // Built from spm.model it has what its files name.
        if home.has("tokenizer.json") {
            add_tokens(&mut found, home)?;
            found.files.sort_unstable();
            found.files.dedup();
        }
        let special = |token: &str| {
            let id = found.inner.token_to_id(token);
            id.ok_or_else(|| invalid(home, &format!("no token {token}")))
        };
        let framing = Framing::of_segment(special("[CLS]")?, special("[SEP]")?);
        // Absent, the key means false since transformers 4.45; the reference runs 4.51.
        let clean_up_spaces = found
            .settings
            .get("clean_up_tokenization_spaces")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        let tokenizer = Self {
            model_max_length: found.model_max_length(),
            inner: found.inner,
            framing,
            clean_up_spaces,
            special: SpecialTokens::default(),
            chat: None,
        };
        let body = tokenizer
            .encode("a ")
            .map_err(|e| invalid(home, "it fails on a one-letter text").caused_by(e))?;
        if !tokenizer.frames_as_segment(&body) {
            let what = "its post-processor does not make [CLS] text [SEP]";
            return Err(invalid(home, what));
        }
        Ok((tokenizer, found.files))
    }

    /// The tokenizer of a decoder, from `tokenizer.json`, with the chat template where there is
    /// one; also the names of the files that were read.
    ///
    /// # Errors
    /// Where a file is missing or damaged, or what stands around a text cannot be said.
    pub fn load_of_decoder(home: &Directory) -> Result<(Self, Vec<&'static str>)> {
        if !home.has("tokenizer.json") {
            return Err(home.missing("tokenizer.json").or_hint(
                "AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR) of transformers writes it \
                 from tokenizer.model",
            ));
        }
        let mut found = Found::read(home)?;
        let special = add_tokens(&mut found, home)?;
        let Found {
            inner,
            settings,
            mut files,
            ..
        } = found;
        let framing = Framing::of_text(&inner, home, &settings, &special)?;
        let chat = ChatTemplate::read(home, settings.values(), &special)?;
        files.extend(chat.as_ref().map(ChatTemplate::file));
        files.sort_unstable();
        files.dedup();
        let tokenizer = Self {
            inner,
            framing,
            clean_up_spaces: false,
            model_max_length: None,
            special,
            chat,
        };
        Ok((tokenizer, files))
    }

    /// The chat template, where there is one.
    pub fn chat_template(&self) -> Option<&ChatTemplate> {
        self.chat.as_ref()
    }

    /// The text of the token that begins a text.
    pub(crate) fn bos(&self) -> Option<&str> {
        self.special.get("bos_token")
    }

    /// The padding token.
    pub(crate) fn pad_id(&self) -> Option<u32> {
        self.id_of(self.special.get("pad_token")?)
    }

    /// The token that ends a text.
    pub(crate) fn eos_id(&self) -> Option<u32> {
        self.id_of(self.special.get("eos_token")?)
    }

    /// Whether the post-processor, where there is one, does what [`Self::segment`] does: it puts
    /// `[CLS]` and `[SEP]` around the ids `body` of "a ".
    fn frames_as_segment(&self, body: &[u32]) -> bool {
        self.frames("a ", &self.framed(body))
    }

    fn framed(&self, body: &[u32]) -> Vec<u32> {
        [&self.framing.before, body, &self.framing.after].concat()
    }

    /// The same of two segments, `[CLS] text [SEP] text [SEP]`.
    pub(crate) fn frames_as_pair(&self) -> Result<bool> {
        let (first, _) = self.segment("a ", usize::MAX, Side::Right)?;
        let expected = [first, self.second_segment("a ")?].concat();
        Ok(self.frames(("a ", "a "), &expected))
    }

    /// Whether the post-processor, where there is one, makes these ids of a text or two.
    fn frames<'a>(&self, text: impl Into<tokenizers::EncodeInput<'a>>, expected: &[u32]) -> bool {
        if self.inner.get_post_processor().is_none() {
            return true;
        }
        let text = text.into();
        let framed =
            guarded(|| self.inner.encode_fast(text, true)).and_then(std::result::Result::ok);
        framed.is_some_and(|framed| framed.get_ids() == expected)
    }

    /// With the markers of LLM-Blender after the other tokens, as it adds them to a backbone's
    /// tokenizer: plain added tokens, which texts can contain.
    ///
    /// # Errors
    /// Where the tokenizers crate fails.
    pub(crate) fn with_markers(mut self) -> Result<Self> {
        let markers = MARKERS.map(|marker| AddedToken::from(marker, false));
        let add = || self.inner.add_tokens(markers);
        let added = guarded(add).and_then(std::result::Result::ok);
        added.map(|_| self).ok_or_else(|| {
            Error::bad_input("failed to add the markers to the tokenizer of the backbone")
        })
    }

    /// The number of tokens, added ones included.
    pub(crate) fn len(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The id of a token of the vocabulary.
    pub(crate) fn id_of(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The special tokens, which mean something wherever a text has them.
    pub(crate) fn special_texts(&self) -> Vec<String> {
        if self.inner.get_encode_special_tokens() {
            return Vec::new();
        }
        let added = self.inner.get_added_tokens_decoder();
        let special = added.values().filter(|token| token.special);
        let mut texts: Vec<String> = special.map(|token| token.content.clone()).collect();
        texts.sort_unstable();
        texts
    }

    /// The largest id of the vocabulary, added tokens included, and its token.
    pub(crate) fn largest_id(&self) -> (u32, String) {
        let ids = self.inner.get_vocab(true).into_iter();
        let largest = ids.map(|(token, id)| (id, token)).max();
        largest.unwrap_or_default()
    }

    /// Algorithm, size and special ids, for people.
    pub fn describe(&self) -> String {
        use tokenizers::models::ModelWrapper;
        let algorithm = match self.inner.get_model() {
            ModelWrapper::BPE(_) => "BPE",
            ModelWrapper::WordPiece(_) => "WordPiece",
            ModelWrapper::WordLevel(_) => "WordLevel",
            ModelWrapper::Unigram(_) => "Unigram",
        };
        let cleaned = if self.clean_up_spaces {
            ", cleans up spaces"
        } else {
            ""
        };
        let named = |ids: &[u32]| {
            let name = |id: &u32| {
                let token = self.inner.id_to_token(*id).unwrap_or_default();
                format!("{token} {id}")
            };
            ids.iter().map(name).collect::<Vec<_>>().join(", ")
        };
        let around = match (&self.framing.before[..], &self.framing.after[..]) {
            ([], []) => "nothing around a text".to_owned(),
            (before, []) => format!("{} before a text", named(before)),
            ([], after) => format!("{} after a text", named(after)),
            (before, after) => format!("{}, {}", named(before), named(after)),
        };
        format!(
            "{algorithm}, {} ids, {around}{cleaned}",
            self.inner.get_vocab_size(true),
        )
    }

    /// Ids of the text alone, without special tokens around them.
    ///
    /// # Errors
    /// Where the tokenizers crate fails; no text is known on which a valid tokenizer does. One with
    /// a damaged character map panics on some letters.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let failed = || {
            Error::bad_input("failed to tokenize a text")
                .hint("tokenizer.json or spm.model is damaged; download it again")
        };
        let encoding = guarded(|| self.inner.encode_fast(text, false))
            .ok_or_else(failed)?
            .map_err(|e| failed().caused_by(e))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// `[CLS] text [SEP]`, or what else stands around a text, of at most `max` ids in all; also the
    /// number of ids that were cut.
    pub fn segment(&self, text: &str, max: usize, side: Side) -> Result<(Vec<u32>, usize)> {
        let body = self.encode(text)?;
        let around = self.framing.before.len() + self.framing.after.len();
        let (body, cut) = truncate(&body, max.saturating_sub(around), side);
        Ok((self.framed(body), cut))
    }

    /// `text [SEP]`, after a segment.
    pub(crate) fn second_segment(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = self.encode(text)?;
        ids.extend_from_slice(&self.framing.after);
        Ok(ids)
    }

    /// The most ids that the tokenizer's settings allow, special ones included.
    pub(crate) fn model_max_length(&self) -> Option<usize> {
        self.model_max_length
    }

    /// The text of ids, special tokens included.
    pub(crate) fn show(&self, ids: &[u32]) -> Result<String> {
        self.decode(ids, false)
    }

    fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String> {
        let failed = || Error::bad_input("failed to decode tokens");
        guarded(|| self.inner.decode(ids, skip_special))
            .ok_or_else(failed)?
            .map_err(|e| failed().caused_by(e))
    }

    /// The text encoded, cut to `max` ids and decoded again; also the number of ids that were cut.
    pub fn round_trip(&self, text: &str, max: usize, side: Side) -> Result<(String, usize)> {
        let ids = self.encode(text)?;
        let (kept, cut) = truncate(&ids, max, side);
        let decoded = self.decode(kept, true)?;
        Ok((
            if self.clean_up_spaces {
                clean_up(&decoded)
            } else {
                decoded
            },
            cut,
        ))
    }
}

fn truncate(ids: &[u32], max: usize, side: Side) -> (&[u32], usize) {
    let cut = ids.len().saturating_sub(max);
    match side {
        Side::Right => (&ids[..ids.len() - cut], cut),
        Side::Left => (&ids[cut..], cut),
    }
}

/// `PreTrainedTokenizerBase.clean_up_tokenization` of transformers: these replacements in this
/// order, in program code as well.
fn clean_up(text: &str) -> String {
    [
        (" .", "."),
        (" ?", "?"),
        (" !", "!"),
        (" ,", ","),
        (" ' ", "'"),
        (" n't", "n't"),
        (" 'm", "'m"),
        (" 's", "'s"),
        (" 've", "'ve"),
        (" 're", "'re"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_up_follows_the_listed_order() {
        assert_eq!(
            clean_up("x . y ! z do n't ' a ' , it 's"),
            "x. y! z don't'a ', it's"
        );
    }

    /// More than a file of pairs may hold.
    #[test]
    fn a_million_combining_marks_are_a_text() {
        let home = Directory::Embedded(
            crate::benchmark::quickstart::checkpoint("quickstart/pairrm").unwrap(),
        );
        let tokenizer = Tokenizer::load(&home).unwrap().0;
        let (ids, cut) = tokenizer
            .segment(
                &format!("e{}", "\u{301}".repeat(1_000_000)),
                412,
                Side::Right,
            )
            .unwrap();
        assert!(ids.len() == 412 && cut > 100_000, "{} {cut}", ids.len());
    }

    #[test]
    fn truncation_keeps_the_named_end() {
        assert_eq!(truncate(&[1, 2, 3], 2, Side::Right), (&[1, 2][..], 1));
        assert_eq!(truncate(&[1, 2, 3], 2, Side::Left), (&[2, 3][..], 1));
        assert_eq!(truncate(&[1, 2, 3], 5, Side::Left), (&[1, 2, 3][..], 0));
    }
}
