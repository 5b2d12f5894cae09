//! JSON as Python's `json.dumps` writes it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// `json.dumps(value, ensure_ascii=False, indent=indent)`, which is what `tojson` is in the chat
/// templates of transformers: nothing is escaped for HTML. `None` where `value`
/// is no JSON, or too long.
pub(super) fn dumps(value: &impl Serialize, indent: Option<usize>) -> Option<String> {
    let mut bytes = Bounded(Vec::new());
    match indent {
        None => value
            .serialize(&mut Serializer::with_formatter(&mut bytes, Spaced))
            .ok()?,
        Some(indent) => {
            let indent = " ".repeat(indent.min(16));
            let formatter = PrettyFormatter::with_indent(indent.as_bytes());
            value
                .serialize(&mut Serializer::with_formatter(&mut bytes, formatter))
                .ok()?;
        }
    }
    String::from_utf8(bytes.0).ok()
}

/// JSON with escapes for all that is not ASCII, which stands in texts alone.
pub(super) fn in_ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

/// Bytes that a text may have; deep values with an indentation would take any number.
const MOST: usize = 1 << 22;

struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One line, with a space after each comma and colon.
struct Spaced;

impl Spaced {
    fn separate<W: ?Sized + Write>(to: &mut W, is_first: bool) -> io::Result<()> {
        if is_first {
            Ok(())
        } else {
            to.write_all(b", ")
        }
    }
}

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        Self::separate(to, first)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        Self::separate(to, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(b": ")
    }
}
