//! TOML, with errors that fit a line.

use serde::de::DeserializeOwned;

/// The value that a text holds, or what is wrong with it and where: `line 3, column 1: …`.
pub(crate) fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let Some(before) = before else {
            return in_plain_words(error.message());
        };
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let message = in_plain_words(error.message());
        format!("line {line}, column {column}: {message}")
    })
}

/// Without the names that Rust's types have.
fn in_plain_words(message: &str) -> String {
    let (what, expected) = message.split_once("expected ").unwrap_or((message, ""));
    let plain = match expected {
        "usize" | "u64" | "u32" => "a whole number from 0",
        "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "a table",
        own if own.starts_with("struct ") => "a table",
        _ => return message.to_owned(),
    };
    format!("{what}expected {plain}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn an_error_has_its_place_on_one_line() {
        let found = from_toml::<BTreeMap<String, usize>>("\"é\" = 1\nb = \"x\"").unwrap_err();
        assert!(
            found.starts_with("line 2, column 5: invalid type: string")
                && found.ends_with("expected a whole number from 0"),
            "{found}"
        );
        let found = from_toml::<BTreeMap<String, usize>>("a = [").unwrap_err();
        assert!(
            found.starts_with("line 1, ") && !found.contains('\n'),
            "{found}"
        );
    }
}
