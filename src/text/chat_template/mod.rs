//! Chat templates: a checkpoint's own Jinja, which makes one text of a conversation.
//!
//! A template is a program from a stranger. It is given the messages and the special tokens and
//! returns a text; it can read no file, no variable of the environment and no clock, and it has a
//! budget of steps and of bytes (`template.rs`).

mod functions;
mod python_json;
mod source;
mod template;

pub use template::ChatTemplate;
