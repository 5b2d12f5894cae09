//! The special tokens that a tokenizer's settings name.

use serde_json::Value;

use crate::support::error::Result;
use crate::support::input_file::Directory;

/// The keys of `tokenizer_config.json`, which are the names that a chat template has for them.
const KEYS: [&str; 7] = [
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
];

/// What classes of transformers take where a key is missing: class (of the fast one, too), key,
/// token.
const OF_CLASSES: [(&str, &str, &str); 10] = [
    ("LlamaTokenizer", "bos_token", "<s>"),
    ("LlamaTokenizer", "eos_token", "</s>"),
    ("LlamaTokenizer", "unk_token", "<unk>"),
    ("GemmaTokenizer", "bos_token", "<bos>"),
    ("GemmaTokenizer", "eos_token", "<eos>"),
    ("GemmaTokenizer", "unk_token", "<unk>"),
    ("GemmaTokenizer", "pad_token", "<pad>"),
    ("Qwen2Tokenizer", "eos_token", "<|endoftext|>"),
    ("Qwen2Tokenizer", "unk_token", "<|endoftext|>"),
    ("Qwen2Tokenizer", "pad_token", "<|endoftext|>"),
];

const MAP: &str = "special_tokens_map.json";

/// The special tokens that are set, by their keys.
#[derive(Debug, Clone, Default)]
pub(super) struct SpecialTokens(Vec<(&'static str, String)>);

impl SpecialTokens {
    /// From `tokenizer_config.json`, whose content is `settings`, else from
    /// `special_tokens_map.json`, else the class's own; also the names of other files that were
    /// read.
    pub(super) fn read(home: &Directory, settings: &Value) -> Result<(Self, Vec<&'static str>)> {
        let is_old = settings.get("added_tokens_decoder").is_none() && home.has(MAP);
        let (map, read) = if is_old {
            (home.json(MAP)?, vec![MAP])
        } else {
            (Value::Null, Vec::new())
        };
        let find = |key: &'static str| {
            let found = settings.get(key).or_else(|| map.get(key));
            let token = match found {
                Some(found) => content(found).map(str::to_owned),
                None => of_class(class(settings), key).map(str::to_owned),
            };
            token.map(|token| (key, token))
        };
        Ok((Self(KEYS.into_iter().filter_map(find).collect()), read))
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == key);
        found.map(|(_, token)| token.as_str())
    }

    /// Keys and tokens.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(key, token)| (*key, token.as_str()))
    }
}

/// What the settings call the tokenizer's class, without the word for the fast one.
pub(super) fn class(settings: &Value) -> &str {
    let name = settings.get("tokenizer_class").and_then(Value::as_str);
    let name = name.unwrap_or_default();
    name.strip_suffix("Fast").unwrap_or(name)
}

fn of_class(class: &str, key: &str) -> Option<&'static str> {
    let mut known = OF_CLASSES.iter();
    let found = known.find(|(of, name, _)| *of == class && *name == key);
    found.map(|(.., token)| *token)
}

/// A token is a text, or an object with its text.
fn content(token: &Value) -> Option<&str> {
    token
        .as_str()
        .or_else(|| token.get("content").and_then(Value::as_str))
}
