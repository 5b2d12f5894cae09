//! Python's idea of white space, where texts of the reference depend on it.

/// `str.isspace` of one character: Unicode white space, and the separators U+001C to U+001F, which
/// Rust does not count.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// `str.strip`.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strip_is_pythons() {
        assert_eq!(strip("\u{1c}\u{1f} \u{3000}a\u{200b}\u{85}"), "a\u{200b}");
        assert_eq!(strip("\u{feff} a "), "\u{feff} a");
    }
}
