//! Python's methods of texts, lists and dictionaries: those that the engine's companion crate lacks
//! or does otherwise, before its own.

use std::collections::HashSet;

use minijinja::value::{Kwargs, ValueKind, from_args};
use minijinja::{Error, ErrorKind, State, Value};
use minijinja_contrib::pycompat::unknown_method_callback;

use crate::text::python_text::is_space;

/// A method of a value.
pub(super) fn method(
    state: &mut State,
    value: &Value,
    name: &str,
    args: &[Value],
) -> Result<Value, Error> {
    if let Some(text) = value.as_str()
        && let Some(result) = of_text(text, name, args)?
    {
        return Ok(result);
    }
    if value.kind() == ValueKind::Map && name == "copy" {
        let () = from_args(args)?;
        return Ok(value.clone());
    }
    unknown_method_callback(state, value, name, args)
}

/// `None` where the crate's own is as good.
fn of_text(text: &str, name: &str, args: &[Value]) -> Result<Option<Value>, Error> {
    let result = match name {
        // Those that strip white space are Python's, which has more of it.
        "strip" | "lstrip" | "rstrip" => {
            let (characters,): (Option<&str>,) = from_args(args)?;
            Value::from(stripped(text, name, characters))
        }
        "removeprefix" | "removesuffix" => {
            let (part,): (&str,) = from_args(args)?;
            let without = if name == "removeprefix" {
                text.strip_prefix(part)
            } else {
                text.strip_suffix(part)
            };
            Value::from(without.unwrap_or(text))
        }
        "partition" | "rpartition" => {
            let (separator,): (&str,) = from_args(args)?;
            partition(text, not_empty(separator)?, name == "partition")
        }
        "splitlines" => {
            let (keeps_ends, options): (Option<bool>, Kwargs) = from_args(args)?;
            let keeps_ends = keeps_ends.or(options.get("keepends")?).unwrap_or(false);
            options.assert_all_used()?;
            Value::from_iter(lines(text, keeps_ends))
        }
        "split" if args.is_empty() => {
            let parts = text.split(is_space).filter(|part| !part.is_empty());
            parts.collect::<Value>()
        }
        "rsplit" => {
            let (separator, most): (Option<&str>, Option<i64>) = from_args(args)?;
            rsplit(text, separator, most)?
        }
        "index" | "rindex" => {
            let (part,): (&str,) = from_args(args)?;
            let at = if name == "index" {
                text.find(part)
            } else {
                text.rfind(part)
            };
            let at = at.ok_or_else(|| wrong("substring not found"))?;
            Value::from(text[..at].chars().count())
        }
        "title" => {
            let () = from_args(args)?;
            Value::from(title(text))
        }
        "format" => {
            check_widths(text)?;
            return Ok(None);
        }
        _ => return Ok(None),
    };
    Ok(Some(result))
}

fn wrong(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

fn not_empty(separator: &str) -> Result<&str, Error> {
    if separator.is_empty() {
        return Err(wrong("empty separator"));
    }
    Ok(separator)
}

/// `text` without these characters, or without white space, on the sides that the method names.
pub(super) fn stripped<'a>(text: &'a str, method: &str, characters: Option<&str>) -> &'a str {
    let characters: Option<HashSet<char>> = characters.map(|all| all.chars().collect());
    let goes = |c: char| {
        characters
            .as_ref()
            .map_or_else(|| is_space(c), |all| all.contains(&c))
    };
    match method {
        "lstrip" => text.trim_start_matches(goes),
        "rstrip" => text.trim_end_matches(goes),
        _ => text.trim_matches(goes),
    }
}

/// The lines of `str.splitlines`, which has more ends of lines than others have.
pub(super) fn lines(text: &str, keeps_ends: bool) -> Vec<&str> {
    let is_end = |c: char| matches!(c, '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.find(is_end) {
        let width = if rest[first..].starts_with("\r\n") {
            2
        } else {
            rest[first..].chars().next().map_or(0, char::len_utf8)
        };
        let (line, after) = rest.split_at(first + width);
        lines.push(if keeps_ends { line } else { &line[..first] });
        rest = after;
    }
    lines.extend((!rest.is_empty()).then_some(rest));
    lines
}

/// What is before the separator, the separator, and what is after it.
fn partition(text: &str, separator: &str, is_first: bool) -> Value {
    let parts = if is_first {
        text.split_once(separator)
    } else {
        text.rsplit_once(separator)
    };
    let parts = match (parts, is_first) {
        (Some((before, after)), _) => [before, separator, after],
        (None, true) => [text, "", ""],
        (None, false) => ["", "", text],
    };
    Value::from_iter(parts)
}

/// Parts from the right, in their order in the text.
fn rsplit(text: &str, separator: Option<&str>, most: Option<i64>) -> Result<Value, Error> {
    let most = most.and_then(|most| usize::try_from(most).ok());
    let mut parts: Vec<&str> = match (separator, most) {
        (None, None) => text
            .rsplit(is_space)
            .filter(|part| !part.is_empty())
            .collect(),
        (None, Some(_)) => return Err(wrong("rsplit at white space so many times")),
        (Some(separator), None) => text.rsplit(not_empty(separator)?).collect(),
        (Some(separator), Some(most)) => text
            .rsplitn(most.saturating_add(1), not_empty(separator)?)
            .collect(),
    };
    parts.reverse();
    Ok(Value::from_iter(parts))
}

/// The first letter of each row of letters large, the others small: also after an apostrophe.
fn title(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut is_within = false;
    for c in text.chars() {
        if is_within {
            titled.extend(c.to_lowercase());
        } else {
            titled.extend(c.to_uppercase());
        }
        is_within = c.is_lowercase() || c.is_uppercase();
    }
    titled
}

/// Digits that a width or precision may have: the engine makes what they ask for before it is paid.
const DIGITS: usize = 4;

fn check_widths(format: &str) -> Result<(), Error> {
    let plain = format.replace("{{", "").replace("}}", "");
    for field in plain.split('{').skip(1) {
        let (field, is_whole) = match field.split_once('}') {
            Some((field, _)) => (field, true),
            None => (field, false),
        };
        let Some((_, spec)) = field.split_once(':') else {
            continue;
        };
        let longest = spec
            .split(|c: char| !c.is_ascii_digit())
            .map(str::len)
            .max();
        if !is_whole || longest > Some(DIGITS) {
            return Err(wrong(
                "format: a width or precision of more than four digits",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::Environment;

    /// What Python 3.11 prints.
    #[test]
    fn methods_are_pythons() {
        let mut environment = Environment::new();
        environment.set_unknown_method_callback(method);
        for (template, expected) in [
            ("{{ 'a-b-c'.rsplit('-', 1) }}", "['a-b', 'c']"),
            ("{{ ' a  b '.rsplit() }}", "['a', 'b']"),
            ("{{ 'a-b-c'.partition('-') }}", "['a', '-', 'b-c']"),
            ("{{ 'abc'.rpartition('-') }}", "['', '', 'abc']"),
            (
                "{{ 'abc'.removeprefix('ab') }}{{ 'abc'.removesuffix('x') }}",
                "cabc",
            ),
            ("{{ 'äbab'.index('b') }}{{ 'äbab'.rindex('b') }}", "13"),
            ("{{ \"they're HERE\".title() }}", "They'Re Here"),
            ("{{ 'xyaxy'.strip('yx') }}", "a"),
            ("{{ {'a': 1}.copy().a }}", "1"),
            ("{{ '{{\"a\": {:>3}}}'.format(7) }}", "{\"a\":   7}"),
        ] {
            let found = environment.render_str(template, ()).unwrap();
            assert_eq!(found, expected, "{template}");
        }
        for wrong in [
            "{{ 'a'.index('b') }}",
            "{{ 'a'.rsplit('') }}",
            "{{ '{:99999}'.format(1) }}",
            "{{ '{:.1000000000f}'.format(1) }}",
            "{{ '{:{}}'.format(1, 9999999999) }}",
        ] {
            assert!(environment.render_str(wrong, ()).is_err(), "{wrong}");
        }
    }
}
