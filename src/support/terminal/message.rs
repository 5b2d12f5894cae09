//! Messages: one line each.

use std::io::Write;

use serde_json::json;

use crate::support::error::{Error, one_line, without_workflow_command};
use crate::support::terminal::settings::{ProgressStyle, Settings, Verbosity};

/// Prints one line to stderr; control characters and workflow commands in it are neutralised.
pub fn say(line: &str) {
    say_from(Verbosity::Normal, line);
}

/// The same, with `--verbose` only.
pub(crate) fn say_if_verbose(line: &str) {
    say_from(Verbosity::Verbose, line);
}

fn say_from(least: Verbosity, line: &str) {
    let settings = Settings::current();
    if settings.verbosity < least {
        return;
    }
    if settings.progress == ProgressStyle::Json {
        write(&json!({ "event": "message", "text": one_line(line) }).to_string());
    } else {
        write(&without_workflow_command(one_line(line)));
    }
}

/// Prints an error, which `--quiet` does not silence: as JSON where that is asked for, or where all of
/// stderr is.
pub fn complain(error: &Error, as_json: bool) {
    if as_json || Settings::current().progress == ProgressStyle::Json {
        write(&error.render_json());
    } else {
        write(&error.render());
    }
}

/// A line on stderr. That nobody can read it is no reason to stop.
pub(super) fn write(text: &str) {
    let mut stderr = std::io::stderr().lock();
    drop(writeln!(stderr, "{text}").and_then(|()| stderr.flush()));
}
