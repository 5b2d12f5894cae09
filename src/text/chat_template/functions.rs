//! What a template can call besides Jinja's own filters: the functions that transformers gives it,
//! and Python's methods of texts, dictionaries and lists.

use minijinja::value::{Kwargs, from_args};
use minijinja::{Environment, Error, ErrorKind, State, Value};
use minijinja_contrib::pycompat::unknown_method_callback;

use crate::text::chat_template::python_json::dumps;
use crate::text::python_text::is_space;

/// Adds them.
pub(super) fn add_to(environment: &mut Environment) {
    environment.set_unknown_method_callback(method);
    environment.add_function("raise_exception", raise_exception);
    environment.add_function("strftime_now", strftime_now);
    environment.add_filter("tojson", to_json);
    environment.add_filter("trim", trim);
    // Of no use to a template: `debug` prints what an environment has, and `pprint` takes a time
    // that grows with the square of what it prints.
    environment.remove_global("debug");
    environment.remove_filter("pprint");
}

/// A template's own refusal of a conversation.
fn raise_exception(message: &str) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message.to_owned()))
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
    // Python's default, and the only one here.
    let _: Option<bool> = options.get("ensure_ascii")?;
    options.assert_all_used()?;
    let text = dumps(value, indent)
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "tojson: this is no JSON"))?;
    Ok(Value::from(text))
}

fn trim(text: &str, characters: Option<&str>) -> String {
    stripped(text, "strip", characters).to_owned()
}

/// A method of a value. Those that strip white space are Python's, which has more of it.
fn method(state: &mut State, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    if let (Some(text), "strip" | "lstrip" | "rstrip") = (value.as_str(), name) {
        let (characters,): (Option<&str>,) = from_args(args)?;
        return Ok(Value::from(stripped(text, name, characters)));
    }
    unknown_method_callback(state, value, name, args)
}

/// `text` without these characters, or without white space, on the sides that the method names.
fn stripped<'a>(text: &'a str, method: &str, characters: Option<&str>) -> &'a str {
    let goes = |c: char| characters.map_or_else(|| is_space(c), |all| all.contains(c));
    match method {
        "lstrip" => text.trim_start_matches(goes),
        "rstrip" => text.trim_end_matches(goes),
        _ => text.trim_matches(goes),
    }
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
}
