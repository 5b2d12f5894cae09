//! Messages: one line each.

use std::io::Write;

use serde_json::json;

use crate::support::error::{Error, Result, one_line, without_workflow_command};
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

/// Prints an error, which `--quiet` does not silence: as JSON where that is asked for, or where all
/// of stderr is.
pub fn complain(error: &Error, as_json: bool) {
    if as_json || Settings::current().progress == ProgressStyle::Json {
        write(&error.render_json());
    } else {
        write(&error.render());
    }
}

/// What came of writing to stdout: results, unlike messages, must arrive. A reader that has seen
/// enough (`| head`) is not an error.
pub fn written(outcome: std::io::Result<()>) -> Result<()> {
    match outcome {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::io("failed to write to stdout", e))
        }
        _ => Ok(()),
    }
}

/// A line on stderr, in one write where it fits a pipe. That nobody can read it is no reason to
/// stop.
pub(super) fn write(text: &str) {
    // Unlike `eprintln!`, which panics where stderr cannot be written.
    drop(std::io::stderr().write_all(format!("{text}\n").as_bytes()));
}
