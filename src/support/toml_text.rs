//! TOML, with errors that fit a line.

use serde::de::DeserializeOwned;

/// The value that a text holds, or what is wrong with it and where: `line 3, column 1: …`.
pub(crate) fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let Some(before) = before else {
            return error.message().to_owned();
        };
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        format!("line {line}, column {column}: {}", error.message())
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn an_error_has_its_place_on_one_line() {
        let found = from_toml::<BTreeMap<String, usize>>("\"é\" = 1\nb = \"x\"").unwrap_err();
        assert!(
            found.starts_with("line 2, column 5: invalid type: string"),
            "{found}"
        );
        let found = from_toml::<BTreeMap<String, usize>>("a = [").unwrap_err();
        assert!(
            found.starts_with("line 1, ") && !found.contains('\n'),
            "{found}"
        );
    }
}
