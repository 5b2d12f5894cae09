//! The environment variables of the Python client, read as it reads them: its `constants.py`
//! (huggingface_hub 2.4).

use std::path::{Path, PathBuf};

use crate::support::files;

/// A variable's text, where it is set and not blank.
pub(super) fn text(key: &str) -> Option<String> {
    let value = std::env::var(key).ok()?.trim().to_owned();
    Some(value).filter(|value| !value.is_empty())
}

/// Whether a variable says yes. Everything else, `0` and `false` among it, is no.
pub(super) fn is_true(key: &str) -> bool {
    text(key).is_some_and(|value| says_yes(&value))
}

fn says_yes(value: &str) -> bool {
    ["1", "ON", "YES", "TRUE"].contains(&value.to_uppercase().as_str())
}

/// The variable that forbids the network. `TRANSFORMERS_OFFLINE` counts where `HF_HUB_OFFLINE` is
/// not set.
pub(super) fn offline() -> Option<&'static str> {
    let key = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]
        .into_iter()
        .find(|key| text(key).is_some())?;
    is_true(key).then_some(key)
}

/// `HF_HOME`, else `huggingface` in the user's cache directory.
pub(super) fn home() -> PathBuf {
    path("HF_HOME").unwrap_or_else(|| expanded(files::user_caches().join("huggingface")))
}

/// `HF_HUB_CACHE`, else its old name `HUGGINGFACE_HUB_CACHE`, else `hub` below [`home`].
pub(super) fn cache() -> PathBuf {
    path("HF_HUB_CACHE")
        .or_else(|| path("HUGGINGFACE_HUB_CACHE"))
        .unwrap_or_else(|| home().join("hub"))
}

/// `HF_TOKEN_PATH`, else the file that `hf auth login` writes.
pub(super) fn token_file() -> PathBuf {
    path("HF_TOKEN_PATH").unwrap_or_else(|| home().join("token"))
}

/// The address of the hub.
pub(super) fn endpoint() -> String {
    text("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned())
}

fn path(key: &str) -> Option<PathBuf> {
    files::variable(key).map(expanded)
}

/// `~` and `$VARIABLE` replaced, where the path is Unicode.
fn expanded(path: PathBuf) -> PathBuf {
    let home = std::env::home_dir();
    match path.to_str() {
        Some(text) => expand(text, home.as_deref(), |key| std::env::var(key).ok()).into(),
        None => path,
    }
}

/// As Python's `os.path.expandvars(os.path.expanduser(text))`: a `~` in front, then `$NAME` and
/// `${NAME}`; what is not set stays as it is. `~user` stays, too.
fn expand(text: &str, home: Option<&Path>, variable: impl Fn(&str) -> Option<String>) -> String {
    let rest = text.strip_prefix('~').filter(|rest| {
        rest.is_empty() || rest.starts_with('/') || rest.starts_with(std::path::MAIN_SEPARATOR)
    });
    let text = match (rest, home) {
        (Some(rest), Some(home)) => format!("{}{rest}", home.display()),
        _ => text.to_owned(),
    };
    let mut out = String::new();
    let mut left = text.as_str();
    while let Some((before, after)) = left.split_once('$') {
        out.push_str(before);
        let (name, rest) = name_in_front(after);
        if let Some(value) = name.and_then(&variable) {
            out.push_str(&value);
            left = rest;
        } else {
            out.push('$');
            left = after;
        }
    }
    out + left
}

/// The variable's name at the beginning of the text, and what comes after it.
fn name_in_front(text: &str) -> (Option<&str>, &str) {
    if let Some(braced) = text.strip_prefix('{') {
        return braced
            .split_once('}')
            .map_or((None, text), |(name, rest)| (Some(name), rest));
    }
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    (
        Some(&text[..end]).filter(|name| !name.is_empty()),
        &text[end..],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What CPython 3.11 gives for `os.path.expandvars(os.path.expanduser(text))` with
    /// `HOME=/home/a`, `DATA=/data` and `B` not set.
    #[test]
    fn paths_are_expanded_as_python_does() {
        for (text, expected) in [
            ("~", "/home/a"),
            ("~/hf", "/home/a/hf"),
            ("~other/hf", "~other/hf"),
            ("x/~", "x/~"),
            ("$DATA/hf", "/data/hf"),
            ("${DATA}hf", "/datahf"),
            ("$DATAhf/x", "$DATAhf/x"),
            ("$B/${B}/$DATA", "$B/${B}//data"),
            ("a$", "a$"),
            ("${DATA", "${DATA"),
            ("$$DATA", "$/data"),
            ("~/$DATA", "/home/a//data"),
        ] {
            let variable = |key: &str| (key == "DATA").then(|| "/data".to_owned());
            let found = expand(text, Some(Path::new("/home/a")), variable);
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn zero_and_false_are_no() {
        for yes in ["1", "on", "Yes", "TRUE"] {
            assert!(says_yes(yes), "{yes}");
        }
        for no in ["0", "false", "off", "no", "2", "y"] {
            assert!(!says_yes(no), "{no}");
        }
    }
}
