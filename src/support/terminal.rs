//! Messages and progress bars on stderr.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::support::error::{one_line, without_workflow_command};

/// Prints one line to stderr; control characters and workflow commands in it are neutralised.
#[expect(
    clippy::print_stderr,
    reason = "the one place that prints messages during a run"
)]
pub fn say(line: &str) {
    eprintln!("{}", without_workflow_command(one_line(line)));
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
