//! The special tokens that the files of a tokenizer name.

use serde_json::Value;
use tokenizers::AddedToken;

use crate::support::error::{Error, Result};
use crate::support::input_file::Directory;
use crate::text::tokenizer_settings::{TokenizerSettings, refused, token_of};

/// The keys of `tokenizer_config.json`, which are the names that a chat template has for them, in
/// the order in which transformers adds those that a tokenizer lacks.
const KEYS: [&str; 7] = [
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
];

/// Further tokens, without a meaning of their own.
const ADDITIONAL: &str = "additional_special_tokens";
const EXTRA: &str = "extra_special_tokens";

/// What classes of transformers take where a key is missing: class (of the fast one, too), key,
/// token.
const OF_CLASSES: [(&str, &str, &str); 22] = [
    ("LlamaTokenizer", "bos_token", "<s>"),
    ("LlamaTokenizer", "eos_token", "</s>"),
    ("LlamaTokenizer", "unk_token", "<unk>"),
    ("CodeLlamaTokenizer", "bos_token", "<s>"),
    ("CodeLlamaTokenizer", "eos_token", "</s>"),
    ("CodeLlamaTokenizer", "unk_token", "<unk>"),
    ("GemmaTokenizer", "bos_token", "<bos>"),
    ("GemmaTokenizer", "eos_token", "<eos>"),
    ("GemmaTokenizer", "unk_token", "<unk>"),
    ("GemmaTokenizer", "pad_token", "<pad>"),
    ("Qwen2Tokenizer", "eos_token", "<|endoftext|>"),
    ("Qwen2Tokenizer", "unk_token", "<|endoftext|>"),
    ("Qwen2Tokenizer", "pad_token", "<|endoftext|>"),
    ("GPT2Tokenizer", "bos_token", "<|endoftext|>"),
    ("GPT2Tokenizer", "eos_token", "<|endoftext|>"),
    ("GPT2Tokenizer", "unk_token", "<|endoftext|>"),
    ("GPTNeoXTokenizer", "bos_token", "<|endoftext|>"),
    ("GPTNeoXTokenizer", "eos_token", "<|endoftext|>"),
    ("GPTNeoXTokenizer", "unk_token", "<|endoftext|>"),
    ("CohereTokenizer", "bos_token", "<BOS_TOKEN>"),
    ("CohereTokenizer", "eos_token", "<|END_OF_TURN_TOKEN|>"),
    ("CohereTokenizer", "unk_token", "<UNK>"),
];

/// `CodeLlamaTokenizer` has these besides.
const OF_CODE_LLAMA: [(&str, &str); 4] = [
    ("prefix_token", "▁<PRE>"),
    ("middle_token", "▁<MID>"),
    ("suffix_token", "▁<SUF>"),
    ("eot_token", "▁<EOT>"),
];

const MAP: &str = "special_tokens_map.json";

/// A special token.
#[derive(Debug, Clone)]
pub(super) struct SpecialToken {
    pub(super) token: AddedToken,
    /// Whether its text is all that the files say of it.
    pub(super) is_text: bool,
}

/// The special tokens that are set.
#[derive(Debug, Clone, Default)]
pub(super) struct SpecialTokens {
    /// By their keys.
    named: Vec<(&'static str, SpecialToken)>,
    further: Vec<SpecialToken>,
}

impl SpecialTokens {
    /// From `special_tokens_map.json`, where the settings are old ones, else from the settings,
    /// else the class's own, else `padding`, the padding token of `tokenizer.json`; also the names
    /// of other files that were read.
    ///
    /// # Errors
    /// A token that is no text.
    pub(super) fn read(
        home: &Directory,
        settings: &TokenizerSettings,
        padding: Option<&str>,
    ) -> Result<(Self, Vec<&'static str>)> {
        let is_old = settings.get("added_tokens_decoder").is_none() && home.has(MAP);
        let (map, read) = if is_old {
            (home.json(MAP)?, vec![MAP])
        } else {
            (Value::Null, Vec::new())
        };
        if !matches!(map, Value::Null | Value::Object(_)) {
            let path = home.file(MAP).path();
            let what = format!(
                "failed to load tokenizer: {}: it is not a JSON object",
                path.display()
            );
            return Err(Error::bad_input(what));
        }
        let refuse = |key: &str| {
            let accepted = "a text, or an object with its `content`, or null";
            match map.get(key) {
                Some(found) => refused(&home.file(MAP).path(), key, found, accepted),
                None => settings.refuse(key, accepted),
            }
        };
        let read_one = |key: &str, found: &Value| special(found, || refuse(key));
        let mut special = Self::default();
        for key in KEYS {
            let of_class = || of_class(settings.class(), key);
            let token = match map.get(key).or_else(|| settings.get(key)) {
                Some(found) => read_one(key, found)?,
                None if key == "pad_token" => of_class().or(padding).and_then(text),
                None => of_class().and_then(text),
            };
            special.named.extend(token.map(|token| (key, token)));
        }
        // Both add to the list; newer releases write what is additional as a list of extra ones,
        // and 4.51 an object of them.
        for (key, of) in [
            (ADDITIONAL, settings.get(ADDITIONAL)),
            (ADDITIONAL, map.get(ADDITIONAL)),
            (EXTRA, settings.get(EXTRA)),
        ] {
            for found in list(of).ok_or_else(|| refuse(key))? {
                special.further.extend(read_one(key, found)?);
            }
        }
        if settings.class() == "CodeLlamaTokenizer" {
            for (key, default) in OF_CODE_LLAMA {
                special.further.extend(match settings.get(key) {
                    Some(found) => read_one(key, found)?,
                    None => text(default),
                });
            }
        }
        Ok((special, read))
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| *known == key)
            .map(|(_, token)| token)
    }

    /// Keys and tokens.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.named
            .iter()
            .map(|(key, special)| (*key, special.token.content.as_str()))
    }

    /// With those that have no key.
    pub(super) fn all(&self) -> impl Iterator<Item = &SpecialToken> {
        let named = self.named.iter().map(|(_, special)| special);
        named.chain(&self.further)
    }
}

fn of_class(class: &str, key: &str) -> Option<&'static str> {
    let mut known = OF_CLASSES.iter();
    let found = known.find(|(of, name, _)| *of == class && *name == key);
    found.map(|(.., token)| *token)
}

/// A token of a text; an empty one is none.
fn text(token: &str) -> Option<SpecialToken> {
    (!token.is_empty()).then(|| SpecialToken {
        token: AddedToken::from(token, true),
        is_text: true,
    })
}

/// A token is a text, or an object with its text; null is none, and anything else `refused`.
fn special(found: &Value, refused: impl FnOnce() -> Error) -> Result<Option<SpecialToken>> {
    match found {
        Value::Null => Ok(None),
        Value::String(content) => Ok(text(content)),
        found => {
            let token = token_of(found, |_| true).ok_or_else(refused)?;
            let is_text = false;
            Ok((!token.content.is_empty()).then_some(SpecialToken { token, is_text }))
        }
    }
}

/// The tokens of a list, or of an object by their names; `None` where it is neither nor null.
fn list(found: Option<&Value>) -> Option<Vec<&Value>> {
    match found {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(list)) => Some(list.iter().collect()),
        Some(Value::Object(by_name)) => Some(by_name.values().collect()),
        Some(_) => None,
    }
}
