//! Names of subsets and sections in rules: a name, or a glob as `--subset` takes it.

use std::fmt;

use globset::{Glob, GlobMatcher};

/// A name or a glob.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    glob: GlobMatcher,
}

impl Pattern {
    /// # Errors
    /// Why the text is no glob.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let glob = Glob::new(text).map_err(|e| e.to_string())?;
        Ok(Self {
            text: text.to_owned(),
            glob: glob.compile_matcher(),
        })
    }

    /// Names may have the signs of globs in them: a name always matches itself.
    pub(crate) fn matches(&self, name: &str) -> bool {
        self.text == name || self.glob.is_match(name)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_glob_and_matches_its_own_text() {
        let matches = |text: &str, name: &str| Pattern::new(text).unwrap().matches(name);
        assert!(
            matches("chat*", "chat-length") && matches("{a,b}", "b") && matches("[1]*", "[1]*")
        );
        assert!(!matches("chat*", "a-chat") && !matches("Chat", "Chat Hard"));
        assert!(Pattern::new("a[").unwrap_err().contains("a["));
    }
}
