//! Namespaces of a template: they can be changed, so that one could come to hold itself, and what
//! prints or compares it would never end. Those of templates that people use hold texts, numbers
//! and lists.

/// Why a template may not be used: a namespace stands where another value could come to hold it.
pub(super) fn check(template: &str) -> Result<(), String> {
    let words: Vec<Word> = tags(template).into_iter().flat_map(words).collect();
    let is_made = |at: usize| words[at].text == NAMESPACE && !words[at].is_attribute;
    let mut names = Vec::new();
    for at in (0..words.len()).filter(|at| is_made(*at)) {
        let before = words[..at].last_chunk();
        let name = before.filter(|[set, name]: &&[Word; 2]| {
            let is_statement = matches!(set.text, "set" | "with");
            is_statement && name.next == Some('=') && words[at].next == Some('(')
        });
        let [_, name] = name.ok_or_else(|| {
            format!("`{NAMESPACE}` may only stand in `set NAME = {NAMESPACE}(...)`")
        })?;
        names.push(name.text);
    }
    let is_passed_on = |at: &usize| {
        let word = &words[*at];
        let is_name = names.contains(&word.text) && !word.is_attribute;
        let is_asked = words.get(at + 1).is_some_and(|next| next.text == "is");
        let is_asked = is_asked && word.next == Some('i');
        is_name && !is_asked && !matches!(word.next, Some('.' | '[' | '='))
    };
    match (0..words.len()).find(is_passed_on) {
        Some(at) => {
            let name = words[at].text;
            Err(format!(
                "namespace `{name}` may only stand before an attribute, as `{name}.x`"
            ))
        }
        None => Ok(()),
    }
}

const NAMESPACE: &str = "namespace";

/// A name in a tag.
struct Word<'a> {
    text: &'a str,
    /// Whether it stands after a dot.
    is_attribute: bool,
    /// What follows it, after white space: of `==` another mark than of `=`.
    next: Option<char>,
}

/// The insides of statements and expressions; comments and what is `raw` are none.
fn tags(template: &str) -> Vec<&str> {
    let mut tags = Vec::new();
    let mut rest = template;
    while let Some((_, tag)) = rest.split_once('{') {
        let (inside, end) = match tag.as_bytes().first() {
            Some(b'{') => (&tag[1..], "}}"),
            Some(b'%') => (&tag[1..], "%}"),
            Some(b'#') => {
                rest = tag.split_once("#}").map_or("", |(_, after)| after);
                continue;
            }
            _ => {
                rest = tag;
                continue;
            }
        };
        let length = tag_length(inside, end);
        let (inside, after) = inside.split_at(length);
        let is_raw = end == "%}" && inside.trim_matches(['-', '+', ' ', '\n', '\t']) == "raw";
        rest = if is_raw {
            after.split_once("endraw").map_or("", |(_, after)| after)
        } else {
            after
        };
        tags.push(inside);
    }
    tags
}

/// The bytes before the end of a tag, which does not end within a text.
fn tag_length(inside: &str, end: &str) -> usize {
    let mut at = 0;
    while let Some(c) = inside[at..].chars().next() {
        if inside[at..].starts_with(end) {
            return at;
        }
        at += match c {
            '\'' | '"' => text_length(&inside[at..], c),
            c => c.len_utf8(),
        };
    }
    inside.len()
}

/// The names outside of texts.
fn words(tag: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = tag;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\'' | '"' => text_length(rest, c),
            c if is_of_name(c) => rest.find(|c| !is_of_name(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (piece, after) = rest.split_at(length);
        if is_of_name(c) {
            let mut following = after.trim_start().chars();
            let next = following.next();
            words.push(Word {
                text: piece,
                is_attribute: before == Some('.'),
                next: next.filter(|next| *next != '=' || following.next() != Some('=')),
            });
        }
        if !c.is_whitespace() {
            before = Some(c);
        }
        rest = after;
    }
    words
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The bytes of a text in quotes.
fn text_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !is_escaped {
            return at + 1;
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_for_its_attributes() {
        for usual in [
            "{%- set ns = namespace(found=false, last='ns') -%}{% set ns.found = true %}\
             {{ ns.last ~ 'ns' }}{{ x.ns }}{% if ns['last'] == \"a ns\" %}{% endif %}",
            "{% set ns=namespace() %}{% if ns.x==1 %}{% endif %}",
            "{% set ns = namespace() %}{% if ns is defined and ns.x is defined %}{% endif %}",
            "{% with ns = namespace(n=0) %}{{ f(ns=1) }}{% endwith %} the ns of namespace",
            "{% set ns = namespace() %}{# ns it's #}{% raw %}{{ ns it's }}{% endraw %}{{ ns.x }}",
        ] {
            assert_eq!(check(usual), Ok(()), "{usual}");
        }
        for passed_on in [
            "{% set ns = namespace() %}{% set ns.x = ns %}",
            "{% set ns = namespace() %}{% set m = [ns] %}",
            "{% set ns = namespace() %}{{ ns }}",
            "{% set ns = namespace() %}{% if ns == 1 %}{% endif %}",
            "{% set ns = namespace(x=namespace()) %}{% set m = x %}",
            "{% set f = namespace %}",
            "{{ [namespace()] }}",
            "{% set a, b = namespace(), 1 %}",
            "{% set ns = namespace() %}{{ '}}' ~ ns }}",
            "{% set ns = namespace() %}{# ' #}{% raw %}'{% endraw %}{{ ns }}",
            "{% macro f(m) %}{% endmacro %}{% set ns = namespace() %}{{ f('it\\'s', ns) }}",
        ] {
            assert!(check(passed_on).is_err(), "{passed_on}");
        }
    }
}
