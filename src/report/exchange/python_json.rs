//! JSON as Python's `json.dumps(value, indent=4, sort_keys=True)` writes it, byte for byte.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A value. Objects have only one level here.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Float(f64),
    List(Vec<Value>),
}

/// An object, its keys sorted by code points.
pub(super) type Object = BTreeMap<String, Value>;

/// The object, without a line end after it.
pub(super) fn dumps(object: &Object) -> String {
    let mut out = "{".to_owned();
    for (at, (key, value)) in object.iter().enumerate() {
        out.push_str(if at == 0 { "\n    " } else { ",\n    " });
        write_text(&mut out, key);
        out.push_str(": ");
        write_value(&mut out, value, 1);
    }
    out.push_str("\n}");
    out
}

fn write_value(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Text(text) => write_text(out, text),
        Value::Whole(n) => {
            let _ = write!(out, "{n}");
        }
        Value::Float(number) => out.push_str(&float(*number)),
        Value::List(list) if list.is_empty() => out.push_str("[]"),
        Value::List(list) => {
            let indent = "    ".repeat(depth);
            for (at, element) in list.iter().enumerate() {
                let _ = write!(out, "{}\n{indent}    ", if at == 0 { "[" } else { "," });
                write_value(out, element, depth + 1);
            }
            let _ = write!(out, "\n{indent}]");
        }
    }
}

/// All that is not printable ASCII is escaped, in two halves where it has two.
fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                let mut halves = [0; 2];
                for half in c.encode_utf16(&mut halves) {
                    let _ = write!(out, "\\u{half:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// As `repr` writes it: with an exponent below 1e-4 and from 1e16 on.
pub(super) fn float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned();
    }
    let scientific = shortest(number);
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let is_small = exponent < -4;
    if is_small || exponent >= 16 {
        let sign = if is_small { '-' } else { '+' };
        return format!("{digits}e{sign}{:0>2}", exponent.abs());
    }
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let digits = digits.replace('.', "");
    let point = usize::try_from(exponent + 1).unwrap_or(0);
    let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
    if point == 0 {
        return format!("{sign}0.{}{digits}", "0".repeat(zeros));
    }
    if digits.len() <= point {
        return format!("{sign}{digits}{}.0", "0".repeat(point - digits.len()));
    }
    format!("{sign}{}.{}", &digits[..point], &digits[point..])
}

/// The fewest digits that give the number again, as `1.25e-7`. Where two such are equally near,
/// Python takes the even one, and Rust the larger one: half of all sums of few powers of two, which
/// scores of bf16 are, are such.
fn shortest(number: f64) -> String {
    let text = format!("{number:e}");
    let digits = text.bytes().take_while(|byte| *byte != b'e');
    let digits = digits.filter(u8::is_ascii_digit).count();
    let nearest = format!("{number:.*e}", digits.saturating_sub(1));
    // Not so at some powers of two, to which numbers are nearer from below than from above.
    let same = |back: f64| back.to_bits() == number.to_bits();
    if nearest.parse().is_ok_and(same) {
        nearest
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `repr` of Python 3.11 gives.
    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (f64::from(0.1_f32), "0.10000000149011612"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (-1.5e300, "-1.5e+300"),
            (5e-324, "5e-324"),
            (2.0 / 3.0, "0.6666666666666666"),
            (f64::from(0.954_933_17_f32), "0.9549331665039062"),
            (f64::from(1.856_819_2_f32), "1.8568191528320312"),
            (-123.456, "-123.456"),
            (1e22, "1e+22"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (100.0, "100.0"),
            (0.5_f64.powi(44), "5.684341886080802e-14"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(float(number), expected);
        }
    }

    /// `json.dumps({"b": ["\u00e9\U0001f600\x7f\n\"", 1], "a": []}, indent=4, sort_keys=True)`
    #[test]
    fn texts_and_lists_are_written_as_python_writes_them() {
        let text = Value::Text("é😀\u{7f}\n\"".to_owned());
        let object = Object::from([
            ("b".to_owned(), Value::List(vec![text, Value::Whole(1)])),
            ("a".to_owned(), Value::List(Vec::new())),
        ]);
        let expected = "{\n    \"a\": [],\n    \"b\": [\n        \"\\u00e9\\ud83d\\ude00\\u007f\\n\\\"\",\n        1\n    ]\n}";
        assert_eq!(dumps(&object), expected);
    }
}
