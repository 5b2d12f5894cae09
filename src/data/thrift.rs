//! Thrift's compact protocol, in which the footer of a Parquet file is written: enough to walk
//! through it and to write parts of it again.
//!
//! <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>. Functions
//! give `None` where the bytes are no such thing.

/// Structs within structs, at most; Parquet's have six.
const MAX_DEPTH: usize = 16;

/// Types of values, as the protocol numbers them.
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

/// A field of a struct.
#[derive(Clone, Copy)]
pub(crate) struct Member<'a> {
    pub(crate) id: i16,
    kind: u8,
    /// Its value as it is written; empty for truth values.
    bytes: &'a [u8],
}

impl<'a> Member<'a> {
    pub(crate) fn integer(&self) -> Option<i64> {
        match self.kind {
            BYTE => Some(i64::from(i8::from_le_bytes([*self.bytes.first()?]))),
            4 | I32 | I64 => Walker::new(self.bytes).signed(),
            _ => None,
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        self.kind == TRUE
    }

    pub(crate) fn binary(&self) -> Option<&'a [u8]> {
        let mut walker = Walker::new(self.bytes);
        let length = usize::try_from(walker.unsigned()?).ok()?;
        (self.kind == BINARY).then(|| walker.take(length))?
    }

    /// The fields of a struct.
    pub(crate) fn members(&self) -> Option<Members<'a>> {
        (self.kind == STRUCT).then(|| Members::new(self.bytes))
    }

    /// The structs of a list.
    pub(crate) fn structs(&self) -> Option<Structs<'a>> {
        let mut walker = Walker::new(self.bytes);
        let (kind, left) = walker.list()?;
        let is_list = self.kind == LIST && (kind == STRUCT || left == 0);
        is_list.then_some(Structs { walker, left })
    }
}

/// The fields of a struct, one after the other; ends with `Some(None)` where the bytes are no
/// struct.
pub(crate) struct Members<'a> {
    walker: Walker<'a>,
    last: i16,
    ended: bool,
}

impl<'a> Members<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            walker: Walker::new(bytes),
            last: 0,
            ended: false,
        }
    }

    fn member(&mut self) -> Option<Member<'a>> {
        let (id, kind) = self.walker.header(self.last)?;
        let from = self.walker.rest;
        self.walker.skip(kind, 0)?;
        self.last = id;
        let bytes = &from[..from.len() - self.walker.rest.len()];
        Some(Member { id, kind, bytes })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Option<Member<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended || self.walker.rest.first() == Some(&0) {
            return None;
        }
        let member = self.member();
        self.ended = member.is_none();
        Some(member)
    }
}

/// The structs of a list, as they are written.
pub(crate) struct Structs<'a> {
    walker: Walker<'a>,
    left: usize,
}

impl<'a> Iterator for Structs<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let from = self.walker.rest;
        let found = self.walker.skip(STRUCT, 0);
        if found.is_none() {
            self.left = 0;
        }
        Some(found.map(|()| &from[..from.len() - self.walker.rest.len()]))
    }
}

struct Walker<'a> {
    rest: &'a [u8],
}

impl<'a> Walker<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// A number of variable length.
    fn unsigned(&mut self) -> Option<u64> {
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

    /// The same with a sign, in its last bit.
    fn signed(&mut self) -> Option<i64> {
        let number = self.unsigned()?;
        Some((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }

    /// Id and type of a field, the last of which had the id `last`.
    fn header(&mut self, last: i16) -> Option<(i16, u8)> {
        let byte = self.byte()?;
        let id = match byte >> 4 {
            0 => i16::try_from(self.signed()?).ok()?,
            more => last.checked_add(i16::from(more))?,
        };
        Some((id, byte & 0x0f))
    }

    /// Type and number of a list's elements; there are no more of them than bytes.
    fn list(&mut self) -> Option<(u8, usize)> {
        let byte = self.byte()?;
        let length = match byte >> 4 {
            15 => usize::try_from(self.unsigned()?).ok()?,
            short => usize::from(short),
        };
        (length <= self.rest.len()).then_some((byte & 0x0f, length))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match kind {
            TRUE | FALSE => {}
            BYTE => drop(self.byte()?),
            4 | I32 | I64 => drop(self.unsigned()?),
            DOUBLE => drop(self.take(8)?),
            BINARY => {
                let length = usize::try_from(self.unsigned()?).ok()?;
                self.take(length)?;
            }
            LIST | SET => {
                let (kind, length) = self.list()?;
                (0..length).try_for_each(|_| self.skip_element(kind, depth + 1))?;
            }
            MAP => {
                let length = usize::try_from(self.unsigned()?).ok()?;
                let kinds = if length == 0 { 0 } else { self.byte()? };
                for _ in 0..length {
                    self.skip_element(kinds >> 4, depth + 1)?;
                    self.skip_element(kinds & 0x0f, depth + 1)?;
                }
            }
            STRUCT => {
                let mut last = 0;
                while *self.rest.first()? != 0 {
                    let (id, kind) = self.header(last)?;
                    self.skip(kind, depth + 1)?;
                    last = id;
                }
                self.byte()?;
            }
            _ => return None,
        }
        Some(())
    }

    /// In lists and maps a truth value is a byte.
    fn skip_element(&mut self, kind: u8, depth: usize) -> Option<()> {
        let kind = if kind == TRUE || kind == FALSE {
            BYTE
        } else {
            kind
        };
        self.skip(kind, depth)
    }
}

/// Writes a struct, or a list of structs.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// A field again, as it was read.
    pub(crate) fn copy(&mut self, member: Member) {
        self.header(member.id, member.kind);
        self.bytes.extend_from_slice(member.bytes);
    }

    pub(crate) fn i32(&mut self, id: i16, value: i64) {
        self.header(id, I32);
        self.unsigned(zigzag(value));
    }

    pub(crate) fn binary(&mut self, id: i16, value: &[u8]) {
        self.header(id, BINARY);
        self.unsigned(value.len() as u64);
        self.bytes.extend_from_slice(value);
    }

    /// A list of structs that are written already.
    pub(crate) fn structs(&mut self, id: i16, structs: &[impl AsRef<[u8]>]) {
        self.header(id, LIST);
        self.bytes.push(0xf0 | STRUCT);
        self.unsigned(structs.len() as u64);
        for bytes in structs {
            self.bytes.extend_from_slice(bytes.as_ref());
        }
    }

    /// A field that is a struct, which is written already.
    #[cfg(test)]
    pub(crate) fn nested(&mut self, id: i16, value: &[u8]) {
        self.header(id, STRUCT);
        self.bytes.extend_from_slice(value);
    }

    /// The struct.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }

    fn header(&mut self, id: i16, kind: u8) {
        self.bytes.push(kind);
        self.unsigned(zigzag(i64::from(id)));
    }

    fn unsigned(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes
                .push(0x80 | u8::try_from(value & 0x7f).unwrap_or_default());
            value >>= 7;
        }
        self.bytes.push(u8::try_from(value).unwrap_or_default());
    }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A struct of every kind of field, as the specification writes it.
    const EXAMPLE: [u8; 30] = [
        0x15, 0x03, // 1: i32 -2
        0x18, 0x02, b'h', b'i', // 2: binary
        0x11, // 3: true
        0x19, 0x2c, 0x15, 0x02, 0x00, 0x00, // 4: two structs, {1: i32 1} and {}
        0x1b, 0x01, 0x81, 0x01, b'k', 0x01, // 5: map {"k": true}
        0x17, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, // 6: double 1
        0x00, 0xff,
    ];

    #[test]
    fn a_struct_is_walked_and_written_again() {
        let members = || Members::new(&EXAMPLE).map(Option::unwrap);
        let ids: Vec<i16> = members().map(|member| member.id).collect();
        assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
        let member = |id| members().find(|member| member.id == id).unwrap();
        assert_eq!(member(1).integer(), Some(-2));
        assert_eq!(member(2).binary(), Some(&b"hi"[..]));
        assert!(member(3).is_true() && member(2).integer().is_none());
        let structs: Vec<&[u8]> = member(4).structs().unwrap().map(Option::unwrap).collect();
        assert_eq!(structs, [&[0x15, 0x02, 0x00][..], &[0x00]]);

        let mut writer = Writer::default();
        members().for_each(|member| writer.copy(member));
        writer.i32(7, -300);
        writer.binary(8, b"x");
        writer.structs(9, &structs);
        let written = writer.finish();
        let again: Vec<Member> = Members::new(&written).map(Option::unwrap).collect();
        assert_eq!(again.len(), 9);
        for (one, other) in members().zip(&again) {
            assert_eq!(
                (one.id, one.kind, one.bytes),
                (other.id, other.kind, other.bytes)
            );
        }
        assert_eq!(
            (again[6].integer(), again[7].binary()),
            (Some(-300), Some(&b"x"[..]))
        );
        assert_eq!(again[8].structs().unwrap().count(), 2);
    }

    #[test]
    fn damaged_bytes_end_the_walk() {
        for length in 0..EXAMPLE.len() - 2 {
            let found: Vec<_> = Members::new(&EXAMPLE[..length]).collect();
            let ended = found.last().is_some_and(Option::is_none);
            assert!(ended, "{length}");
        }
        // A list of 2^60 structs, structs without end, a type that is none.
        for bytes in [
            &[
                0x19, 0xfc, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10,
            ][..],
            &[0x1c; 100],
            &[0x1d, 0x00],
        ] {
            assert!(Members::new(bytes).any(|member| member.is_none()));
        }
    }
}
