//! Lines of a stream, none of which takes more memory than a bound allows.

use std::io::{BufRead, Result};

/// A line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Whole(Vec<u8>),
    /// It has more bytes than the bound; they were passed over.
    TooLong,
}

/// Reads lines one by one.
pub(crate) struct BoundedLines<R> {
    from: R,
    /// The most bytes of a line.
    bound: usize,
}

impl<R: BufRead> BoundedLines<R> {
    pub(crate) fn new(from: R, bound: usize) -> Self {
        Self { from, bound }
    }

    /// The next line; `None` at the end. A last line needs no line feed.
    fn line(&mut self) -> Result<Option<Line>> {
        let mut bytes = Vec::new();
        let (mut is_too_long, mut has_begun) = (false, false);
        loop {
            let piece = self.from.fill_buf()?;
            if piece.is_empty() {
                break;
            }
            has_begun = true;
            let end = piece.iter().position(|byte| *byte == b'\n');
            let text = &piece[..end.unwrap_or(piece.len())];
            is_too_long |= bytes.len() + text.len() > self.bound;
            if is_too_long {
                bytes = Vec::new();
            } else {
                bytes.extend_from_slice(text);
            }
            let used = text.len() + usize::from(end.is_some());
            self.from.consume(used);
            if end.is_some() {
                break;
            }
        }
        let line = if is_too_long {
            Line::TooLong
        } else {
            Line::Whole(bytes)
        };
        Ok(has_begun.then_some(line))
    }
}

impl<R: BufRead> Iterator for BoundedLines<R> {
    type Item = Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line().transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// Whatever the pieces are in which the bytes come.
    #[test]
    fn lines_are_whole_or_too_long() {
        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        for pieces in [1, 2, 3, 64] {
            let from =
                BufReader::with_capacity(pieces, &b"abcd\n\nabcde\nabcdefghijk\nx\r\nlast"[..]);
            let found: Vec<Line> = BoundedLines::new(from, 5).map(Result::unwrap).collect();
            let expected = [
                whole("abcd"),
                whole(""),
                whole("abcde"),
                Line::TooLong,
                whole("x\r"),
                whole("last"),
            ];
            assert_eq!(found, expected, "{pieces}");
        }
        let nothing = BoundedLines::new(&b""[..], 5).map(Result::unwrap);
        assert_eq!(nothing.count(), 0);
        let ended = BoundedLines::new(&b"a\n"[..], 5).map(Result::unwrap);
        assert_eq!(ended.collect::<Vec<_>>(), [whole("a")]);
    }
}
