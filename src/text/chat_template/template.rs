//! A compiled chat template.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, ErrorKind, Value, context};
use serde_json::Value as Json;

use crate::data::Message;
use crate::support::catch_panic::guarded;
use crate::support::error::{Error, Result};
use crate::support::input_file::Directory;
use crate::text::chat_template::{functions, source};
use crate::text::special_tokens::SpecialTokens;

/// Bytes that a template may have. The longest published ones have some ten thousand.
const MOST_BYTES: usize = 1 << 16;

/// Bytes that an expression or statement may have: the engine compiles some in a time that grows
/// with their square.
const MOST_OF_TAG: usize = 1 << 13;

/// Of the thread that compiles and renders. The engine calls itself for each operator of a chain
/// and for each level of a value, of which a template can make as many as it has bytes or steps;
/// such a call takes some hundred bytes.
const STACK: usize = 1 << 28;

/// Steps that a render may take, and 64 bytes that it may make for each. A conversation of ten
/// messages takes some hundred.
const STEPS: u64 = 20_000;
/// The same for each 64 bytes of the messages: a template copies them some times.
const COPIES: u64 = 16;

/// Levels of loops and calls. Templates have up to ten.
const LEVELS: usize = 64;

const NAME: &str = "chat_template";

/// A template that was compiled.
pub struct ChatTemplate {
    /// With the template, its functions and its limits.
    environment: Environment<'static>,
    /// What it is given besides the messages.
    special: Vec<(&'static str, String)>,
    /// For errors and people.
    file: &'static str,
}

impl ChatTemplate {
    /// The template of a checkpoint, where it has one. `settings`: the content of
    /// `tokenizer_config.json`.
    ///
    /// # Errors
    /// A template that is too long, or no Jinja.
    pub(in crate::text) fn read(
        home: &Directory,
        settings: &Json,
        special: &SpecialTokens,
    ) -> Result<Option<Self>> {
        let Some(found) = source::find(home, settings)? else {
            return Ok(None);
        };
        let compiled = Self::compile(found.text, special).map_err(|reason| {
            let path = home.file(found.file).path();
            let what = format!("failed to load chat template: {}", path.display());
            Error::bad_input(what).caused_by(reason)
        })?;
        Ok(Some(Self {
            file: found.file,
            ..compiled
        }))
    }

    /// A template by itself, without special tokens.
    ///
    /// # Errors
    /// Why it cannot be compiled.
    pub fn of_text(text: &str) -> std::result::Result<Self, String> {
        Self::compile(text.to_owned(), &SpecialTokens::default())
    }

    fn compile(text: String, special: &SpecialTokens) -> std::result::Result<Self, String> {
        if text.len() > MOST_BYTES {
            let bytes = text.len();
            return Err(format!(
                "it has {bytes} bytes, accepted: up to {MOST_BYTES}"
            ));
        }
        let longest = longest_tag(&text);
        if longest > MOST_OF_TAG {
            let accepted = format!("accepted: up to {MOST_OF_TAG}");
            return Err(format!("an expression has {longest} bytes, {accepted}"));
        }
        let mut environment = Environment::new();
        // What `_compile_jinja_template` of transformers sets.
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build();
        environment.set_syntax(syntax.map_err(|e| e.to_string())?);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_recursion_limit(LEVELS);
        functions::add_to(&mut environment);
        with_stack(|| environment.add_template_owned(NAME, text))?.map_err(|e| reason(&e))?;
        let special = special.iter().map(|(key, token)| (key, token.to_owned()));
        Ok(Self {
            environment,
            special: special.collect(),
            file: "",
        })
    }

    /// Which file it is from.
    pub(in crate::text) fn file(&self) -> &'static str {
        self.file
    }

    /// The text of a conversation, without a prompt for a further answer.
    ///
    /// # Errors
    /// Why the template makes none: it refuses the conversation, fails, or takes too long.
    pub fn render(&self, messages: &[Message]) -> std::result::Result<String, String> {
        let bytes: usize = messages.iter().map(|message| message.content.len()).sum();
        let mut environment = self.environment.clone();
        environment.set_fuel(Some(STEPS + COPIES * (bytes as u64 / 64)));
        let messages: Vec<Value> = messages
            .iter()
            .map(|message| {
                context! { role => message.role.as_str(), content => message.content.as_str() }
            })
            .collect();
        let special = self
            .special
            .iter()
            .map(|(key, token)| (*key, Value::from(token.as_str())));
        let given = [
            ("messages", Value::from(messages)),
            ("add_generation_prompt", Value::from(false)),
            ("tools", Value::from(())),
            ("documents", Value::from(())),
        ];
        let given: BTreeMap<&str, Value> = given.into_iter().chain(special).collect();
        let rendered = with_stack(|| environment.get_template(NAME)?.render(given))?;
        rendered.map_err(|error| match error.kind() {
            ErrorKind::OutOfFuel => "the chat template takes too many steps".to_owned(),
            _ => format!("the chat template refuses it: {}", reason(&error)),
        })
    }
}

/// The bytes of the longest expression or statement.
fn longest_tag(text: &str) -> usize {
    let of_kind = |start: &str, end: &str| {
        let tags = text.split(start).skip(1);
        let lengths = tags.map(|tag| tag.find(end).unwrap_or(tag.len()));
        lengths.max().unwrap_or(0)
    };
    of_kind("{{", "}}").max(of_kind("{%", "%}"))
}

/// Runs the engine on a thread of its own with a deep stack.
fn with_stack<T: Send>(run: impl FnOnce() -> T + Send) -> std::result::Result<T, String> {
    const FAILS: &str = "the template engine fails on it";
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, || guarded(run));
        let thread = thread.map_err(|e| format!("no thread for the template engine: {e}"))?;
        let result = thread.join().map_err(|_| FAILS.to_owned())?;
        result.ok_or_else(|| FAILS.to_owned())
    })
}

/// An engine's error in one line, without the template's name.
fn reason(error: &minijinja::Error) -> String {
    let detail = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned);
    match error.line() {
        Some(line) => format!("{detail} (line {line})"),
        None => detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &str) -> std::result::Result<String, String> {
        let messages = [
            Message::new("user", " question \u{1c}"),
            Message::new("assistant", "answer"),
        ];
        ChatTemplate::of_text(template)?.render(&messages)
    }

    /// What jinja2 3.1 renders, as `apply_chat_template` of transformers 4.51 sets it up.
    #[test]
    fn templates_are_rendered_as_by_jinja2() {
        for (template, expected) in [
            ("{{ messages[0].content | trim }}|", "question|"),
            (
                "{{ messages[0]['content'].strip() + messages[-1].role }}",
                "questionassistant",
            ),
            (
                "{% for m in messages[::-1] %}\n  {% if loop.last %}\n{{ m.role }}\n  {% endif %}\n\
                 {% endfor %}\n",
                "user\n",
            ),
            (
                "{% for i in range(5) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}",
                "01",
            ),
            (
                "{{ {'a': 'é<', 'b': [1, none]} | tojson }}",
                r#"{"a": "é<", "b": [1, null]}"#,
            ),
            ("{{ [1] | tojson(indent=2) }}", "[\n  1\n]"),
            (
                "{{ bos_token }}{{ tools is none }}{{ nothing is defined }}",
                "TrueFalse",
            ),
            (
                "{{ none }} {{ 1.0 }} {{ 'x' ~ 2 }} {{ 7 // 2 }}",
                "None 1.0 x2 3",
            ),
            ("{{ 'a<b>c'.split('<')[-1].rstrip('c') }}", "b>"),
            (
                "{{ 'aXbX'.replace('X', '-') }}{{ 'ab'.startswith('a') }}",
                "a-b-True",
            ),
            (
                "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}\
                 {% endfor %}{{ ns.n }}",
                "2",
            ),
            (
                "{% macro f(x, y='!') %}{{ x }}{{ y }}{% endmacro %}{{ f('a') }}{{ f('b', '?') }}",
                "a!b?",
            ),
            ("{{ strftime_now('%d %b %Y') }}", "26 Jul 2024"),
            (
                "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}",
                "1",
            ),
            (
                "{{ {'a': 1}.get('b', 'c') }}{% for k, v in {'x': 1}.items() %}{{ k }}{% endfor %}",
                "cx",
            ),
        ] {
            assert_eq!(render(template).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn a_refusal_has_the_templates_reason() {
        let reason = render("\n{{ raise_exception('roles must alternate') }}").unwrap_err();
        assert!(reason.contains("roles must alternate (line 2)"), "{reason}");
        for wrong in [
            "{% if %}",
            "{% include 'x' %}",
            "{% import 'x' as y %}",
            "{{ open('x') }}",
        ] {
            assert!(render(wrong).is_err(), "{wrong}");
        }
        assert!(
            render("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}")
                .unwrap_err()
                .contains("too many steps")
        );
    }
}
