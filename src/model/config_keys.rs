//! Look-ups in a `config.json`.

use std::path::Path;

use serde_json::{Map, Value};

use crate::kernels::activation::Activation;
use crate::support::error::{Error, Result};

/// A larger size is a typing error or an attack, not a model: refused before memory is allocated.
const MAX_SIZE: u64 = 1 << 24;

/// Typed look-ups in a configuration file. Their errors name the file, the key, what was found and
/// what is accepted.
pub(in crate::model) struct Keys<'a> {
    map: Map<String, Value>,
    path: &'a Path,
}

impl<'a> Keys<'a> {
    /// Parses the text of a `config.json`; `path` is for the errors.
    pub(super) fn parse(text: &str, path: &'a Path) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(|e| {
            Error::bad_input(format!("failed to parse config: {}", path.display())).caused_by(e)
        })?;
        let Value::Object(map) = value else {
            return Err(Error::bad_input(format!(
                "failed to parse config: {} is not a JSON object",
                path.display()
            )));
        };
        Ok(Self { map, path })
    }

    /// The value. `null` counts as absent, as upstream, where it is read by `getattr` with a
    /// default.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// The error for a key whose value is not accepted.
    pub(super) fn refuse(&self, key: &str, accepted: &str) -> Error {
        self.refuse_found(key, self.get(key), accepted)
    }

    /// The same for a value that is not at the top: `key` is the way to it.
    pub(super) fn refuse_found(&self, key: &str, found: Option<&Value>, accepted: &str) -> Error {
        let found = found.map_or_else(|| "nothing".to_owned(), Value::to_string);
        let found: String = found.chars().take(80).collect();
        Error::bad_input(format!(
            "failed to read config: {}: key `{key}`: found {found}, accepted: {accepted}",
            self.path.display()
        ))
    }

    /// What the configuration calls its classes.
    pub(super) fn classes(&self) -> Vec<&str> {
        let names = self.get("architectures").and_then(Value::as_array);
        let names = names.into_iter().flatten();
        names.filter_map(Value::as_str).collect()
    }

    /// An integer from 0 to [`MAX_SIZE`].
    pub(super) fn size(&self, key: &str, default: Option<usize>) -> Result<usize> {
        let accepted = format!("an integer from 0 to {MAX_SIZE}");
        match (self.get(key), default) {
            (None, Some(default)) => Ok(default),
            (value, _) => value
                .and_then(Value::as_u64)
                .filter(|n| *n <= MAX_SIZE)
                .and_then(|n| usize::try_from(n).ok())
                .ok_or_else(|| self.refuse(key, &accepted)),
        }
    }

    /// An integer from 1 to [`MAX_SIZE`].
    pub(super) fn positive(&self, key: &str, default: Option<usize>) -> Result<usize> {
        match self.size(key, default)? {
            0 => Err(self.refuse(key, "a positive integer")),
            n => Ok(n),
        }
    }

    /// An integer of a magnitude up to [`MAX_SIZE`].
    pub(super) fn signed(&self, key: &str, default: i64) -> Result<i64> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_i64()
                .filter(|n| n.unsigned_abs() <= MAX_SIZE)
                .ok_or_else(|| self.refuse(key, "an integer; -1 for the default")),
        }
    }

    /// A finite number that `accepts` takes.
    pub(super) fn number(
        &self,
        key: &str,
        default: f64,
        accepts: impl Fn(f64) -> bool,
    ) -> Result<f64> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_f64()
                .filter(|n| n.is_finite() && accepts(*n))
                .ok_or_else(|| self.refuse(key, &format!("a number such as {default}"))),
        }
    }

    /// Whether the key is there, be its value null.
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    pub(super) fn flag(&self, key: &str, default: bool) -> Result<bool> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.refuse(key, "true or false")),
        }
    }

    pub(super) fn activation(&self, key: &str, default: Activation) -> Result<Activation> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_str()
                .and_then(Activation::from_name)
                .ok_or_else(|| self.refuse(key, &Activation::names().join(", "))),
        }
    }
}
