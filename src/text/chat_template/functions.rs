//! What a template can call besides the engine's own filters: the functions that transformers gives
//! it, and what Jinja does otherwise.

use std::error::Error as StdError;

use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs, from_args};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use crate::text::chat_template::python_json::{dumps, in_ascii};
use crate::text::chat_template::python_methods::{lines, method, stripped};

/// Adds them.
pub(super) fn add_to(environment: &mut Environment) {
    environment.set_unknown_method_callback(method);
    environment.add_function("raise_exception", raise_exception);
    environment.add_function("strftime_now", strftime_now);
    environment.add_filter("tojson", to_json);
    environment.add_filter("trim", trim);
    environment.add_filter("indent", indent);
    environment.add_filter("escape", escape);
    environment.add_filter("e", escape);
    environment.add_test("sequence", is_sequence);
    // Of no use to a template: `debug` prints what an environment has, and `pprint` takes a time
    // that grows with the square of what it prints.
    environment.remove_global("debug");
    environment.remove_filter("pprint");
}

/// What makes an error a template's own refusal of a conversation.
#[derive(Debug, thiserror::Error)]
#[error("raise_exception")]
struct Refusal;

fn raise_exception(message: &str) -> Result<Value, Error> {
    let error = Error::new(ErrorKind::InvalidOperation, message.to_owned());
    Err(error.with_source(Refusal))
}

/// Whether the template itself refuses the conversation.
pub(super) fn is_refusal(error: &Error) -> bool {
    error.source().is_some_and(<dyn StdError>::is::<Refusal>)
}

/// The day that every template is told. A score must not depend on when it was computed; this is
/// the day that Llama 3.1's template names where it is given none.
const TODAY: [(char, &str); 14] = [
    ('d', "26"),
    ('m', "07"),
    ('Y', "2024"),
    ('y', "24"),
    ('b', "Jul"),
    ('B', "July"),
    ('a', "Fri"),
    ('A', "Friday"),
    ('j', "208"),
    ('H', "00"),
    ('M', "00"),
    ('S', "00"),
    ('F', "2024-07-26"),
    ('%', "%"),
];

/// `datetime.now().strftime(format)` on [`TODAY`].
fn strftime_now(format: &str) -> Result<String, Error> {
    let mut text = String::new();
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        let directive = rest.next();
        // `%-d` is the number without zeros before it.
        let (directive, is_bare) = match directive {
            Some('-') => (rest.next(), true),
            other => (other, false),
        };
        let known = TODAY.iter().find(|(of, _)| Some(*of) == directive);
        let (_, value) = known.ok_or_else(|| {
            let what = format!("strftime_now: the format {format:?} is not known");
            Error::new(ErrorKind::InvalidOperation, what)
        })?;
        let bare = value.trim_start_matches('0');
        text.push_str(match (is_bare, bare) {
            (true, "") => "0",
            (true, bare) => bare,
            (false, _) => value,
        });
    }
    Ok(text)
}

/// `tojson`, without the escapes for HTML that Jinja's own has.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the engine's functions take their options by value"
)]
fn to_json(value: &Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let ascii: Option<bool> = options.get("ensure_ascii")?;
    options.assert_all_used()?;
    let text = Some(value)
        .filter(|value| !value.is_undefined())
        .and_then(|value| dumps(value, indent))
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "tojson: this is no JSON"))?;
    Ok(Value::from(if ascii == Some(true) {
        in_ascii(&text)
    } else {
        text
    }))
}

/// As `markupsafe.escape`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\'' => escaped.push_str("&#39;"),
            '"' => escaped.push_str("&#34;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// What has a length and items: texts and dictionaries, too (`jinja2/tests.py`).
fn is_sequence(value: &Value) -> bool {
    let kind = value.kind();
    value.is_undefined() || matches!(kind, ValueKind::Seq | ValueKind::Map | ValueKind::String)
}

/// Lines, but for the first one and for empty ones, behind so many spaces or this text (`do_indent`
/// of `jinja2/filters.py`). As the engine's own it is paid for by the byte.
fn indent(state: &State, text: &str, args: Rest<ValueOrKwargs>) -> Result<String, Error> {
    let args = args.into_values();
    let (width, first, blank, options): (Option<Value>, Option<bool>, Option<bool>, Kwargs) =
        from_args(&args)?;
    let width = width.or(options.get("width")?);
    let first = first.or(options.get("first")?).unwrap_or(false);
    let blank = blank.or(options.get("blank")?).unwrap_or(false);
    options.assert_all_used()?;
    let (unit, times) = match &width {
        Some(width) if let Some(own) = width.as_str() => (own, 1),
        Some(width) => (
            " ",
            usize::try_from(i64::try_from(width.clone())?).unwrap_or(0),
        ),
        None => (" ", 4),
    };
    // "This quirk is necessary for splitlines method": an end of the last line stays one.
    let whole = format!("{text}\n");
    let lines = lines(&whole, false);
    let before = unit.len().saturating_mul(times);
    let bytes = before
        .saturating_mul(lines.len() + 1)
        .saturating_add(whole.len());
    state.consume_fuel((bytes / BYTES_OF_FUEL) as u64)?;
    let before = unit.repeat(times);
    let line = |(at, line): (usize, &&str)| match (at, *line) {
        (0, line) if !first => line.to_owned(),
        (1.., "") if !blank => String::new(),
        (_, line) => format!("{before}{line}"),
    };
    let indented: Vec<String> = lines.iter().enumerate().map(line).collect();
    Ok(indented.join("\n"))
}

/// The engine's price (`UNITS_PER_FUEL` and `BYTE_COST` of `minijinja/src/vm/fuel.rs`).
const BYTES_OF_FUEL: usize = 64;

fn trim(text: &str, characters: Option<&str>) -> String {
    stripped(text, "strip", characters).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_always_the_same() {
        for (format, text) in [
            ("%d %b %Y", "26 Jul 2024"),
            ("%Y-%m-%d", "2024-07-26"),
            ("%B %-d, %Y (%A)", "July 26, 2024 (Friday)"),
            ("%-m/%-H 100%%", "7/0 100%"),
        ] {
            assert_eq!(strftime_now(format).unwrap(), text);
        }
        assert!(strftime_now("%Q").is_err() && strftime_now("%").is_err());
    }

    /// What Jinja 3.1 prints.
    #[test]
    fn lines_are_indented_as_jinja_does_it() {
        let mut environment = Environment::new();
        add_to(&mut environment);
        let four = "{{ t|indent(2) }}|{{ t|indent(2, true) }}|{{ t|indent(2, true, true) }}|\
                    {{ t|indent('>>', blank=true) }}";
        for (text, expected) in [
            ("a\nb\n", "a\n  b\n|  a\n  b\n|  a\n  b\n  |a\n>>b\n>>"),
            (
                "a\r\nb\r\n\r\nc",
                "a\n  b\n\n  c|  a\n  b\n\n  c|  a\n  b\n  \n  c|a\n>>b\n>>\n>>c",
            ),
            ("", "|  |  |"),
            ("x", "x|  x|  x|x"),
            ("\n", "\n|  \n|  \n  |\n>>"),
            (
                "a\u{b}b\u{85}c\r",
                "a\n  b\n  c|  a\n  b\n  c|  a\n  b\n  c|a\n>>b\n>>c",
            ),
        ] {
            let found = environment
                .render_str(four, minijinja::context!(t => text))
                .unwrap();
            assert_eq!(found, expected, "{text:?}");
        }
        for template in ["{{ 'a\nb'|indent }}", "{{ 'a\nb'|indent(width=4) }}"] {
            assert_eq!(environment.render_str(template, ()).unwrap(), "a\n    b");
        }
        environment.set_fuel(Some(10_000));
        for template in [
            "{{ 'a'|indent(1000000) }}",
            "{% set a = '\\n' * 5000 %}{% set b = a|indent(a, true, true) %}",
        ] {
            assert!(environment.render_str(template, ()).is_err(), "{template}");
        }
    }
}
