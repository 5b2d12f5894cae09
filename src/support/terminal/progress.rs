//! How far a long step is: a bar on a terminal, a line now and then elsewhere, JSON for machines.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle as BarStyle};
use serde_json::json;

use crate::support::error::one_line;
use crate::support::terminal::estimate::{Pace, duration};
use crate::support::terminal::heartbeat::Heartbeat;
use crate::support::terminal::message::{say, write};
use crate::support::terminal::settings::{ProgressStyle, Settings, Verbosity};
use crate::support::test_hooks;

/// Between lines of a log.
const LINES: Duration = Duration::from_secs(30);
/// Between JSON objects.
const OBJECTS: Duration = Duration::from_secs(1);
/// Until a pace says something, and what counts as long enough to speak of.
const SETTLED: Duration = Duration::from_secs(5);
const LONG: Duration = Duration::from_mins(1);

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Pairs,
    Bytes,
}

/// A step that takes its time. Its signs of life end when it is dropped.
pub(crate) struct Progress {
    state: Arc<Mutex<State>>,
    bar: Option<ProgressBar>,
    heartbeat: Option<Heartbeat>,
}

struct State {
    name: String,
    unit: Unit,
    done: u64,
    total: u64,
    /// Tokens, for pairs; bytes, for bytes.
    work_done: f64,
    work_total: f64,
    begun: Instant,
    /// Whether the estimate has been given.
    is_announced: bool,
}

impl Progress {
    /// Over the pairs of a model. `tokens`: about how many all of them have.
    pub(crate) fn over_pairs(name: &str, pairs: u64, tokens: f64) -> Self {
        Self::new(name, Unit::Pairs, pairs, tokens)
    }

    /// Over the bytes of a download.
    #[expect(clippy::cast_precision_loss, reason = "for an estimate")]
    pub(crate) fn over_bytes(name: &str, bytes: u64) -> Self {
        Self::new(name, Unit::Bytes, bytes, bytes as f64)
    }

    fn new(name: &str, unit: Unit, total: u64, work_total: f64) -> Self {
        let state = State {
            name: one_line(name),
            unit,
            done: 0,
            total,
            work_done: 0.0,
            work_total,
            begun: Instant::now(),
            is_announced: false,
        };
        let settings = Settings::current();
        let style = match settings.verbosity {
            Verbosity::Quiet => ProgressStyle::Off,
            _ => settings.progress,
        };
        let is_auto = style == ProgressStyle::Auto;
        let bar = (is_auto && console::user_attended_stderr()).then(|| state.bar());
        let state = Arc::new(Mutex::new(state));
        let heartbeat = match style {
            ProgressStyle::Json => Some(beats(OBJECTS, &state, State::object)),
            ProgressStyle::Auto if is_auto && bar.is_none() => {
                Some(beats(LINES, &state, State::line))
            }
            ProgressStyle::Auto | ProgressStyle::Off => None,
        };
        Self {
            state,
            bar,
            heartbeat,
        }
    }

    /// So many more pairs are done, which had so many tokens.
    #[expect(clippy::cast_precision_loss, reason = "for an estimate")]
    pub(crate) fn pairs_done(&self, pairs: usize, tokens: usize) {
        let mut state = self.state();
        state.done += pairs as u64;
        state.work_done += tokens as f64;
        self.show(&mut state);
    }

    /// So many more bytes are there.
    pub(crate) fn bytes_done(&self, bytes: u64) {
        let position = self.position() + bytes;
        self.set_position(position);
    }

    /// Bytes that are there.
    pub(crate) fn position(&self) -> u64 {
        self.state().done
    }

    /// Where a download stands that has begun anew, or that found its file.
    #[expect(clippy::cast_precision_loss, reason = "for an estimate")]
    pub(crate) fn set_position(&self, bytes: u64) {
        let mut state = self.state();
        state.done = bytes;
        state.work_done = bytes as f64;
        self.show(&mut state);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, state: &mut State) {
        if let Some(bar) = &self.bar {
            bar.set_position(state.done);
            bar.set_message(state.rate_and_rest());
        }
        if let Some(estimate) = state.estimate() {
            let say = || say(&estimate);
            self.bar.as_ref().map_or_else(say, |bar| bar.suspend(say));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.heartbeat.take());
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if Settings::current().progress == ProgressStyle::Json {
            write(&self.state().object());
        }
    }
}

/// Says how far it is, every `interval`.
fn beats(interval: Duration, state: &Arc<Mutex<State>>, text: fn(&State) -> String) -> Heartbeat {
    let state = state.clone();
    Heartbeat::every(test_hooks::interval().unwrap_or(interval), move || {
        write(&text(&state.lock().unwrap_or_else(PoisonError::into_inner)));
    })
}

impl State {
    fn pace(&self) -> Pace {
        Pace {
            done: self.work_done,
            total: self.work_total,
            elapsed: self.begun.elapsed(),
        }
    }

    /// Pairs or bytes a second.
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    fn rate(&self) -> f64 {
        self.done as f64 / self.begun.elapsed().as_secs_f64().max(1e-9)
    }

    fn left(&self) -> Option<Duration> {
        if self.done == self.total {
            return Some(Duration::ZERO);
        }
        self.pace().left()
    }

    /// `12.3 pairs/s, about 3 min left`
    fn rate_and_rest(&self) -> String {
        let rate = match self.unit {
            Unit::Pairs => format!("{:.1} pairs/s", self.rate()),
            Unit::Bytes => format!("{:.1} MB/s", self.rate() / 1e6),
        };
        match self.left() {
            Some(left) => format!("{rate}, about {} left", duration(left)),
            None => rate,
        }
    }

    /// `pairrm: 340 of 2985 pairs, 12.3 pairs/s, about 3 min left`
    fn line(&self) -> String {
        let Self {
            name, done, total, ..
        } = self;
        let count = match self.unit {
            Unit::Pairs => format!("{done} of {total} pairs"),
            Unit::Bytes => format!("{} of {} MB", done / 1_000_000, total / 1_000_000),
        };
        format!("{name}: {count}, {}", self.rate_and_rest())
    }

    fn object(&self) -> String {
        json!({
            "event": "progress",
            "name": self.name,
            "unit": match self.unit {
                Unit::Pairs => "pairs",
                Unit::Bytes => "bytes",
            },
            "done": self.done,
            "total": self.total,
            "per_second": self.rate(),
            "seconds_left": self.left().map(|left| left.as_secs()),
        })
        .to_string()
    }

    /// What a long step is going to take, once, as soon as its pace is known.
    fn estimate(&mut self) -> Option<String> {
        let is_due = self.unit == Unit::Pairs
            && !self.is_announced
            && self.begun.elapsed() >= test_hooks::interval().unwrap_or(SETTLED);
        if !is_due {
            return None;
        }
        let whole = self.pace().whole()?;
        self.is_announced = true;
        if whole < test_hooks::interval().unwrap_or(LONG) {
            return None;
        }
        Some(format!(
            "{}: about {} for {} pairs on this machine, as the first {} went",
            self.name,
            duration(whole),
            self.total,
            self.done
        ))
    }

    fn bar(&self) -> ProgressBar {
        let template = match self.unit {
            Unit::Pairs => "{prefix} {bar:30} {pos} of {len} pairs {msg}",
            Unit::Bytes => "{prefix} {bar:30} {binary_bytes} of {binary_total_bytes} {msg}",
        };
        let style = BarStyle::with_template(template).unwrap_or_else(|_| BarStyle::default_bar());
        let bar = ProgressBar::new(self.total)
            .with_style(style)
            .with_prefix(self.name.clone());
        bar.enable_steady_tick(Duration::from_millis(500));
        bar
    }
}
