//! A compiled chat template.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, ErrorKind, Value, context};
use serde_json::Value as Json;

use crate::data::Message;
use crate::support::error::{Error, Result};
use crate::support::input_file::Directory;
use crate::text::chat_template::engine_thread::{Failure, on_own_thread};
use crate::text::chat_template::{functions, namespaces, source};
use crate::text::special_tokens::SpecialTokens;

/// Bytes that a template may have. The longest published ones have some ten thousand.
const MOST_BYTES: usize = 1 << 16;

/// Bytes that an expression or statement may have: the engine compiles some in a time that grows
/// with their square.
const MOST_OF_TAG: usize = 1 << 13;

/// Steps that a render may take, and 64 bytes that it may make for each; and those for each
/// message, which takes some ten.
const STEPS: u64 = 20_000;
const STEPS_OF_MESSAGE: u64 = 500;
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
    /// Whether a render did not end. No other is begun then.
    is_endless: AtomicBool,
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
        let compiled = Self::compile(&found.text, special).map_err(|reason| {
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
        Self::compile(text, &SpecialTokens::default())
    }

    fn compile(text: &str, special: &SpecialTokens) -> std::result::Result<Self, String> {
        let text = as_jinja_reads(text);
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
        namespaces::check(&text)?;
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
        let compiled = on_own_thread(move || {
            environment.add_template_owned(NAME, text)?;
            Ok(environment)
        });
        let environment = compiled
            .map_err(|failure| NoText::from(failure).to_string())?
            .map_err(|error: minijinja::Error| reason(&error))?;
        let special = special.iter().map(|(key, token)| (key, token.to_owned()));
        Ok(Self {
            environment,
            special: special.collect(),
            file: "",
            is_endless: AtomicBool::new(false),
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
    pub fn render(&self, messages: &[Message]) -> std::result::Result<String, NoText> {
        if self.is_endless.load(Ordering::Relaxed) {
            return Err(NoText::Endless);
        }
        let bytes: usize = messages.iter().map(|message| message.content.len()).sum();
        let mut environment = self.environment.clone();
        let steps = STEPS + STEPS_OF_MESSAGE * messages.len() as u64 + COPIES * (bytes as u64 / 64);
        environment.set_fuel(Some(steps));
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
        let rendered = on_own_thread(move || environment.get_template(NAME)?.render(given));
        match rendered {
            Ok(rendered) => rendered.map_err(|error| no_text(&error)),
            Err(failure) => {
                let is_endless = failure == Failure::Endless;
                self.is_endless.fetch_or(is_endless, Ordering::Relaxed);
                Err(failure.into())
            }
        }
    }
}

/// Why a conversation has no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoText {
    #[error("the chat template refuses it: {0}")]
    Refused(String),
    #[error("the chat template fails on it: {0}")]
    Failed(String),
    #[error("the chat template takes too many steps")]
    TooManySteps,
    /// Its thread runs on, and may take ever more memory: the process has to end.
    #[error("the chat template does not come to an end")]
    Endless,
    #[error("the system gives no thread for the template engine: {0}")]
    NoThread(String),
}

impl NoText {
    /// Whether it says nothing of the conversation, and no other can be rendered.
    pub(in crate::text) fn is_fatal(&self) -> bool {
        matches!(self, Self::Endless | Self::NoThread(_))
    }
}

impl From<Failure> for NoText {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Broken => Self::Failed("the template engine itself breaks".to_owned()),
            Failure::NoThread(why) => Self::NoThread(why),
            Failure::Endless => Self::Endless,
        }
    }
}

fn no_text(error: &minijinja::Error) -> NoText {
    match error.kind() {
        ErrorKind::OutOfFuel => NoText::TooManySteps,
        // `raise_exception` alone makes it.
        _ if functions::is_refusal(error) => NoText::Refused(reason(error)),
        _ => NoText::Failed(reason(error)),
    }
}

/// The template as the lexer of Jinja takes it, whose lines end in `\n` alone
/// (`jinja2/lexer.py`, `newline_re`), and without the tags by which transformers marks what a model
/// said, which change no text (`AssistantTracker` in `utils/chat_template_utils.py`).
fn as_jinja_reads(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let marks = [("generation", "if true"), ("endgeneration", "endif")];
    let mut pieces = Vec::new();
    let mut rest = text.as_str();
    while let Some((before, tag)) = rest.split_once("{%") {
        pieces.extend([before, "{%"]);
        let name = tag.trim_start_matches(['-', '+']).trim_start();
        let mark = marks.iter().find(|(mark, _)| {
            let after = name.strip_prefix(mark);
            after.is_some_and(|after| {
                after
                    .trim_start()
                    .trim_start_matches(['-', '+'])
                    .starts_with("%}")
            })
        });
        rest = match mark {
            Some((mark, same)) => {
                pieces.extend([&tag[..tag.len() - name.len()], same]);
                &name[mark.len()..]
            }
            None => tag,
        };
    }
    pieces.push(rest);
    pieces.concat()
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
        let template = ChatTemplate::of_text(template)?;
        template.render(&messages).map_err(|why| why.to_string())
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
                "{{ ['é😀'] | tojson(ensure_ascii=true) }}",
                r#"["\u00e9\ud83d\ude00"]"#,
            ),
            ("{{ '<a\"\\'&' | escape }}", "&lt;a&#34;&#39;&amp;"),
            (
                "{{ 'a' is sequence }}{{ {} is sequence }}{{ 1 is sequence }}",
                "TrueTrueFalse",
            ),
            // Lines end in `\n`, within a text, too.
            (
                "a\r\nb\rc{{ 'd\r\ne' }}{% if true %}\r\nf{% endif %}",
                "a\nb\ncd\nef",
            ),
            (
                "{%- generation -%}\n a {%- endgeneration %}\n{% generation %}b{% endgeneration %}",
                "ab",
            ),
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

    /// As many as a long conversation has.
    #[test]
    fn a_thousand_messages_are_rendered() {
        let template = "{% set ns = namespace(n=0) %}{% for m in messages %}\
            {% if m.role == 'user' and not (m.content.startswith('<t>') and true) %}\
            {{ '<|' + m.role + '|>' + m['content'] | trim ~ '\\n' }}{% set ns.n = ns.n + 1 %}\
            {% elif loop.last %}{{ m.content }}{% endif %}{% endfor %}{{ ns.n }}";
        let messages = vec![Message::new("user", "a"); 1000];
        let text = ChatTemplate::of_text(template)
            .unwrap()
            .render(&messages)
            .unwrap();
        assert!(
            text.ends_with("<|user|>a\n1000"),
            "{}",
            &text[text.len() - 20..]
        );
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
