//! JSON by value: where each one stands, checked but not decoded.
//!
//! Python's `json` writes what other readers refuse: NaN, infinities, lone surrogates, lists of any
//! depth. In a column that nobody uses that must not matter, so values are only passed over here.

use std::borrow::Cow;

/// An object's keys and values, as they are written.
pub(crate) type Entries<'a> = Vec<(Cow<'a, str>, &'a str)>;

/// A text with a place in it.
pub(crate) struct JsonText<'a> {
    text: &'a str,
    /// Where reading goes on, or where it failed.
    pub(crate) at: usize,
}

impl<'a> JsonText<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The text from this place on.
    pub(crate) fn rest_from(&self, at: usize) -> &'a str {
        &self.text[at..]
    }

    /// Whether nothing is left but white space.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// The next byte that is not white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// Whether this came next.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// The entries of an object, where one comes next.
    pub(crate) fn object(&mut self) -> Option<Entries<'a>> {
        let mut entries = Vec::new();
        if !self.eat(b'{') {
            return None;
        }
        if self.eat(b'}') {
            return Some(entries);
        }
        loop {
            let key = self.key()?;
            entries.push((key, self.value()?));
            if self.eat(b'}') {
                return Some(entries);
            }
            self.eat(b',').then_some(())?;
        }
    }

    /// The elements of a list, where one comes next.
    pub(crate) fn list(&mut self) -> Option<Vec<&'a str>> {
        let mut elements = Vec::new();
        if !self.eat(b'[') {
            return None;
        }
        if self.eat(b']') {
            return Some(elements);
        }
        loop {
            elements.push(self.value()?);
            if self.eat(b']') {
                return Some(elements);
            }
            self.eat(b',').then_some(())?;
        }
    }

    /// A value of any kind and depth.
    pub(crate) fn value(&mut self) -> Option<&'a str> {
        self.peek()?;
        let start = self.at;
        // What ends the objects and lists that are open: no recursion, whatever the depth.
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.peek()? {
                first @ (b'{' | b'[') => {
                    let end = first + 2;
                    self.at += 1;
                    if !self.eat(end) {
                        open.push(end);
                        if end == b'}' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'"' => {
                    self.string()?;
                }
                _ => self.scalar()?,
            }
            loop {
                let Some(end) = open.last().copied() else {
                    return Some(&self.text[start..self.at]);
                };
                if self.eat(end) {
                    open.pop();
                    continue;
                }
                self.eat(b',').then_some(())?;
                if end == b'}' {
                    self.key()?;
                }
                break;
            }
        }
    }

    fn key(&mut self) -> Option<Cow<'a, str>> {
        let written = self.string()?;
        self.eat(b':').then_some(())?;
        // A key that is no text, for a lone surrogate in it, is the name of no column.
        let plain = &written[1..written.len() - 1];
        let decoded = plain.contains('\\').then(|| text(written)).flatten();
        Some(decoded.map_or(Cow::Borrowed(plain), Cow::Owned))
    }

    /// A string with its quotes.
    fn string(&mut self) -> Option<&'a str> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let (start, bytes) = (self.at, self.text.as_bytes());
        self.at += 1;
        loop {
            match bytes.get(self.at)? {
                b'"' => break,
                b'\\' => self.escape()?,
                0..0x20 => return None,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(&self.text[start..self.at])
    }

    fn escape(&mut self) -> Option<()> {
        let rest = &self.text.as_bytes()[self.at + 1..];
        let length = match rest.first()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 1,
            b'u' if rest.get(1..5)?.iter().all(u8::is_ascii_hexdigit) => 5,
            _ => return None,
        };
        self.at += 1 + length;
        Some(())
    }

    /// A number or a word.
    fn scalar(&mut self) -> Option<()> {
        const WORDS: [&str; 6] = ["null", "true", "false", "NaN", "Infinity", "-Infinity"];
        let rest = &self.text[self.at..];
        let length = WORDS
            .iter()
            .find(|word| rest.starts_with(**word))
            .map_or_else(|| number(rest), |word| Some(word.len()))?;
        self.at += length;
        Some(())
    }
}

/// The length of the number with which the text begins.
fn number(text: &str) -> Option<usize> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut at = usize::from(text.starts_with('-'));
    let whole = digits(&text[at..]);
    if whole == 0 || whole > 1 && text[at..].starts_with('0') {
        return None;
    }
    at += whole;
    if text[at..].starts_with('.') {
        let part = digits(&text[at + 1..]);
        (part > 0).then_some(())?;
        at += 1 + part;
    }
    if text[at..].starts_with(['e', 'E']) {
        let sign = usize::from(text[at + 1..].starts_with(['+', '-']));
        let part = digits(&text[at + 1 + sign..]);
        (part > 0).then_some(())?;
        at += 1 + sign + part;
    }
    Some(at)
}

/// The text of a string as it is written; `None` for one with a lone surrogate.
pub(crate) fn text(written: &str) -> Option<String> {
    serde_json::from_str(written).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the whole text is one value.
    fn is_value(text: &str) -> bool {
        let mut json = JsonText::new(text);
        json.value().is_some() && json.is_at_end()
    }

    #[test]
    fn what_serde_json_reads_is_a_value_and_what_it_refuses_is_none() {
        let mut random = fastrand::Rng::with_seed(9);
        let pieces = [
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"a\"",
            "\"\\n\"",
            "\"\\u00e9\"",
            "1",
            "-0",
            "01",
            "1.5",
            "1.",
            "1e5",
            "1e",
            "-",
            "true",
            "null",
            " ",
            "\n",
            "x",
            "\"",
            "\\",
        ];
        let mut both = [0, 0];
        for _ in 0..200_000 {
            let text: String = (0..random.usize(1..8))
                .map(|_| pieces[random.usize(..pieces.len())])
                .collect();
            let expected = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            assert_eq!(is_value(&text), expected, "{text}");
            both[usize::from(expected)] += 1;
        }
        assert!(both[0] > 1000 && both[1] > 1000, "{both:?}");
    }

    #[test]
    fn what_python_writes_is_a_value() {
        for text in [
            "NaN",
            "[Infinity, -Infinity]",
            "\"\\ud83d\"",
            "{\"\\ud83d\": 1}",
        ] {
            assert!(is_value(text), "{text}");
        }
        let deep = format!("{}1{}", "[{\"a\":".repeat(100_000), "}]".repeat(100_000));
        assert!(is_value(&deep) && !is_value(&deep[..deep.len() - 1]));
        let mut json = JsonText::new("{\"a\\u0062\": [1, 2], \"c\": {}} ");
        let entries = json.object().unwrap();
        assert_eq!(entries, [("ab".into(), "[1, 2]"), ("c".into(), "{}")]);
        assert!(json.is_at_end());
    }
}
