//! A look at Thrift's compact protocol, in which Parquet writes its footer. It describes itself, so that a walk over it
//! finds lists that claim more elements than there are bytes, before polars reserves memory for them.
//! <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>

/// Structures within structures; a Parquet footer has five.
const DEPTH: usize = 32;

/// Whether the bytes begin with a whole structure.
pub fn is_whole(bytes: &[u8]) -> bool {
    Walk(bytes).structure(DEPTH).is_some()
}

/// What is left; every step is `None` where that is not enough.
struct Walk<'a>(&'a [u8]);

impl Walk<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn skip(&mut self, bytes: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn structure(&mut self, depth: usize) -> Option<()> {
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            // The field's number as a difference, or by itself.
            if head >> 4 == 0 {
                self.number()?;
            }
            // A truth value has no bytes of its own.
            if !matches!(head & 15, 1 | 2) {
                self.value(head & 15, depth)?;
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<()> {
        let head = self.byte()?;
        let count = if head >> 4 == 15 { self.number()? } else { u64::from(head >> 4) };
        if count > self.0.len() as u64 {
            return None;
        }
        (0..count).try_for_each(|_| self.value(head & 15, depth))
    }

    fn value(&mut self, kind: u8, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            1..=3 => self.skip(1),
            4..=6 => self.number().map(drop),
            7 => self.skip(8),
            8 => self.number().and_then(|length| self.skip(length)),
            9 | 10 => self.list(depth),
            12 => self.structure(depth),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_claim_more_than_there_is_are_seen() {
        // Field 1: the number 2; field 2: a list of two structures; field 3: the text "a"; field 20: true.
        let whole = [0x15, 4, 0x19, 0x2c, 0x15, 2, 0, 0, 0x18, 1, b'a', 0x01, 40, 0];
        assert!(is_whole(&whole));
        assert!((0..whole.len()).all(|end| !is_whole(&whole[..end])));
        assert!(!is_whole(&[0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0]), "2^32 structures");
        assert!(!is_whole(&[0x18, 200, 1, b'a', 0]), "a text of 200 bytes");
        assert!(!is_whole(&[0x1c; 100]), "structures without end");
    }
}
