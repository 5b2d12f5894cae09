//! Messages and progress bars on stderr. They are talk: where stderr cannot be written (a full disk,
//! a closed pipe), the program goes on without, and ends with the exit code that it would have had.

use std::io::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::support::error::{Error, Result, one_line, without_workflow_command};

/// Prints one line to stderr; control characters and workflow commands in it are neutralised.
pub fn say(line: &str) {
    complain(&without_workflow_command(one_line(line)));
}

/// Prints lines to stderr as they are, in one write where they fit a pipe.
pub fn complain(lines: &str) {
    // Unlike `eprintln!`, which panics where stderr cannot be written.
    let _ = std::io::stderr()
        .lock()
        .write_all(format!("{lines}\n").as_bytes());
}

/// What came of writing to stdout: results, unlike talk, must arrive. A reader that has seen enough
/// (`| head`) is not an error.
pub fn written(outcome: std::io::Result<()>) -> Result<()> {
    match outcome {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::io("failed to write to stdout", e))
        }
        _ => Ok(()),
    }
}

/// A progress bar over pairs, with a message and the time left; hidden where stderr is not a
/// terminal.
pub(crate) fn pair_bar(name: &str, pairs: u64) -> ProgressBar {
    bar(
        name,
        pairs,
        "{prefix} {bar:30} {pos} of {len} pairs, {msg}, {eta} left",
    )
}

/// A progress bar over the bytes of a download.
pub(crate) fn bytes_bar(name: &str, bytes: u64) -> ProgressBar {
    bar(
        name,
        bytes,
        "{prefix} {bar:30} {binary_bytes} of {binary_total_bytes} \
         {binary_bytes_per_sec}, {eta} left",
    )
}

fn bar(name: &str, length: u64, template: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(length)
        .with_style(style)
        .with_prefix(name.to_owned());
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
