//! Chat templates: a checkpoint's own Jinja, which makes one text of a conversation.
//!
//! A template is a program from a stranger. It is given the messages and the special tokens and
//! returns a text; it can read no file, no variable of the environment and no clock, it has a
//! budget of steps and of bytes (`template.rs`), and time (`engine_thread.rs`).

mod engine_thread;
mod functions;
mod namespaces;
mod python_json;
mod python_methods;
mod source;
mod template;

pub use template::{ChatTemplate, NoText};
