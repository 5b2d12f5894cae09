//! What is said on stderr while work goes on.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::support::error::{no_command, one_line};

/// One line, whatever is in the names that it tells of.
#[expect(
    clippy::print_stderr,
    reason = "the one place that talks while a run goes on"
)]
pub fn say(line: &str) {
    eprintln!("{}", no_command(one_line(line)));
}

/// A bar over pairs, with a message and the time left; nothing where stderr is not a terminal.
pub fn pair_bar(name: &str, pairs: u64) -> ProgressBar {
    bar(
        name,
        pairs,
        "{prefix} {bar:30} {pos} of {len} pairs, {msg}, {eta} left",
    )
}

/// A bar over bytes of a download.
pub fn bytes_bar(name: &str, bytes: u64) -> ProgressBar {
    bar(
        name,
        bytes,
        "{prefix} {bar:30} {binary_bytes} of {binary_total_bytes} {binary_bytes_per_sec}, {eta} left",
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
