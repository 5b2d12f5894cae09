//! What is said on stderr while work goes on.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// One line.
#[expect(clippy::print_stderr, reason = "the one place that talks while a run goes on")]
pub fn say(line: &str) {
    eprintln!("{line}");
}

/// A bar over tokens, with rate and time left; nothing where stderr is not a terminal.
pub fn token_bar(name: &str, tokens: u64) -> ProgressBar {
    bar(name, tokens, "{prefix} {bar:30} {percent:>3} % {rate}, {eta} left")
}

/// A bar over bytes of a download.
pub fn bytes_bar(name: &str, bytes: u64) -> ProgressBar {
    bar(name, bytes, "{prefix} {bar:30} {binary_bytes} of {binary_total_bytes} {binary_bytes_per_sec}, {eta} left")
}

fn bar(name: &str, length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let style = style.with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = write!(out, "{:.0} tokens/s", state.per_sec());
    });
    let bar = ProgressBar::new(length).with_style(style).with_prefix(name.to_owned());
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
