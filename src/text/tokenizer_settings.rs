//! `tokenizer_config.json`: what transformers is told of a tokenizer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokenizers::AddedToken;

use crate::support::error::{Error, Result};
use crate::support::input_file::Directory;

const FILE: &str = "tokenizer_config.json";

/// Classes that transformers takes for a `model_type` where no file names one
/// (`TOKENIZER_MAPPING_NAMES` of 4.51).
const OF_MODEL_TYPES: [(&str, &str); 5] = [
    ("llama", "LlamaTokenizer"),
    ("mistral", "LlamaTokenizer"),
    ("gemma2", "GemmaTokenizer"),
    ("qwen2", "Qwen2Tokenizer"),
    ("qwen3", "Qwen2Tokenizer"),
];

/// Classes of transformers, which it takes even where `auto_map` offers a repository's own code.
const OF_TRANSFORMERS: [&str; 10] = [
    "CodeLlamaTokenizer",
    "CohereTokenizer",
    "DebertaV2Tokenizer",
    "GPT2Tokenizer",
    "GPTNeoXTokenizer",
    "GemmaTokenizer",
    "LlamaTokenizer",
    "PreTrainedTokenizer",
    "Qwen2Tokenizer",
    "TokenizersBackend",
];

/// The settings, and the tokenizer's class.
pub(super) struct TokenizerSettings {
    /// For errors.
    path: PathBuf,
    /// An object, or null where there is no file.
    values: Value,
    class: String,
}

impl TokenizerSettings {
    /// Also the names of the files that were read.
    ///
    /// # Errors
    /// A damaged file, or a class that is code of a repository.
    pub(super) fn read(home: &Directory) -> Result<(Self, Vec<&'static str>)> {
        let file = home.file(FILE);
        let path = file.path();
        let (values, read) = if home.has(FILE) {
            let text = file.text()?;
            let values = serde_json::from_str(&with_finite_numbers(&text)).map_err(|e| {
                Error::bad_input(format!("failed to parse JSON: {}", path.display())).caused_by(e)
            })?;
            (values, vec![FILE])
        } else {
            (Value::Null, Vec::new())
        };
        if !read.is_empty() && !values.is_object() {
            let what = format!(
                "failed to load tokenizer: {}: it is not a JSON object",
                path.display()
            );
            return Err(Error::bad_input(what));
        }
        let mut settings = Self {
            path,
            values,
            class: String::new(),
        };
        let class = match settings.get("tokenizer_class") {
            None | Some(Value::Null) => class_of_model(home),
            Some(Value::String(class)) => class.clone(),
            Some(_) => return Err(settings.refuse("tokenizer_class", "a text")),
        };
        class
            .strip_suffix("Fast")
            .unwrap_or(&class)
            .clone_into(&mut settings.class);
        settings.check_code()?;
        Ok((settings, read))
    }

    /// All of them.
    pub(super) fn values(&self) -> &Value {
        &self.values
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// What is true or false; null counts as false, as in Python.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(false)),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.refuse(key, "true or false")),
        }
    }

    /// The tokenizer's class in transformers, without the word for the fast one; empty where it is
    /// not known.
    pub(super) fn class(&self) -> &str {
        &self.class
    }

    /// The tokens of `added_tokens_decoder` by their ids, where there is one. `is_special` says of
    /// which texts other keys say that they are special.
    pub(super) fn added_tokens(
        &self,
        is_special: impl Fn(&str) -> bool,
    ) -> Result<Option<BTreeMap<u32, AddedToken>>> {
        const KEY: &str = "added_tokens_decoder";
        let accepted = "an object of ids, with an object for each that has its `content`";
        let Some(value) = self.get(KEY) else {
            return Ok(None);
        };
        let entries = value
            .as_object()
            .ok_or_else(|| self.refuse(KEY, accepted))?;
        let read = |(id, entry): (&String, &Value)| {
            let token = token_of(entry, &is_special)?;
            Some((id.trim().parse().ok()?, token))
        };
        let of_entry = |entry: (&String, &Value)| {
            let refused = || self.refuse(KEY, &format!("{accepted}: entry {}", entry.0));
            read(entry).ok_or_else(refused)
        };
        entries
            .iter()
            .map(of_entry)
            .collect::<Result<_>>()
            .map(Some)
    }

    /// The error for a key whose value is not accepted.
    pub(super) fn refuse(&self, key: &str, accepted: &str) -> Error {
        refused(
            &self.path,
            key,
            self.get(key).unwrap_or(&Value::Null),
            accepted,
        )
    }

    /// `auto_map` names the code of a tokenizer, itself in older files.
    fn check_code(&self) -> Result<()> {
        let has_code = match self.get("auto_map") {
            Some(Value::Object(map)) => map.contains_key("AutoTokenizer"),
            Some(Value::Array(_)) => true,
            _ => false,
        };
        if !has_code || OF_TRANSFORMERS.contains(&self.class()) {
            return Ok(());
        }
        let accepted = "no code of a repository, or a `tokenizer_class` of transformers beside it";
        Err(self.refuse("auto_map", accepted).hint(
            "where tokenizer.json says all, set `tokenizer_class` to PreTrainedTokenizerFast",
        ))
    }
}

/// The error for a key of a file whose value is not accepted.
pub(super) fn refused(path: &Path, key: &str, found: &Value, accepted: &str) -> Error {
    let found: String = found.to_string().chars().take(80).collect();
    Error::bad_input(format!(
        "failed to load tokenizer: {}: key `{key}`: found {found}, accepted: {accepted}",
        path.display()
    ))
}

/// An object with a token's text and flags; `None` where it is malformed. `is_special`: see
/// [`TokenizerSettings::added_tokens`].
pub(super) fn token_of(entry: &Value, is_special: impl Fn(&str) -> bool) -> Option<AddedToken> {
    let flag = |key: &str, default: bool| match entry.get(key) {
        None => Some(default),
        Some(value) => value.as_bool(),
    };
    let content = entry.get("content")?.as_str()?;
    let token = AddedToken::from(content, flag("special", false)? || is_special(content));
    let normalized = flag("normalized", token.normalized)?;
    Some(
        token
            .normalized(normalized)
            .lstrip(flag("lstrip", false)?)
            .rstrip(flag("rstrip", false)?)
            .single_word(flag("single_word", false)?),
    )
}

/// The class where the settings name none: that of `config.json`, else of its `model_type`.
fn class_of_model(home: &Directory) -> String {
    let config = home.json("config.json").unwrap_or_default();
    let text = |key: &str| config.get(key).and_then(Value::as_str);
    let of_type = || {
        let model_type = text("model_type")?;
        let found = OF_MODEL_TYPES.iter().find(|(of, _)| *of == model_type);
        found.map(|(_, class)| *class)
    };
    let class = text("tokenizer_class").or_else(of_type);
    class.unwrap_or_default().to_owned()
}

/// Python writes and reads `Infinity` and `NaN`, which are no JSON. Nothing here reads a number but
/// a length, for which any that is too large means that there is no limit.
fn with_finite_numbers(text: &str) -> Cow<'_, str> {
    const LARGE: &str = "1e300";
    const NAMES: [&str; 3] = ["-Infinity", "Infinity", "NaN"];
    if !NAMES.iter().any(|name| text.contains(name)) {
        return text.into();
    }
    let mut numbers = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (taken, written) = if c == '"' {
            let end = end_of_string(rest);
            (end, &rest[..end])
        } else if let Some(name) = NAMES.iter().find(|name| rest.starts_with(**name)) {
            (name.len(), LARGE)
        } else {
            (c.len_utf8(), &rest[..c.len_utf8()])
        };
        numbers.push_str(written);
        rest = &rest[taken..];
    }
    numbers.into()
}

/// Where the string ends with which a text begins.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !is_escaped => return at + 1,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_numbers_are_read_outside_strings() {
        let text = r#"{"a": [Infinity, -Infinity,NaN], "NaN\"Infinity\\": "é NaN", "b": Infinity}"#;
        let read: Value = serde_json::from_str(&with_finite_numbers(text)).unwrap();
        let expected = r#"{"a": [1e300, 1e300, 1e300], "NaN\"Infinity\\": "é NaN", "b": 1e300}"#;
        assert_eq!(read, serde_json::from_str::<Value>(expected).unwrap());
        assert_eq!(with_finite_numbers("\"NaN"), "\"NaN");
    }
}
