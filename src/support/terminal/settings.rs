//! How much is said on stderr, and in which form: decided once, before a command begins.

use std::sync::OnceLock;

/// `--quiet`, `--verbose`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    #[default]
    Normal,
    /// Also where files come from and what is decided on the way.
    Verbose,
}

/// `--progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProgressStyle {
    /// A bar on a terminal; elsewhere a line now and then.
    #[default]
    Auto,
    /// Everything on stderr is one JSON object a line: `docs/schema/progress.v1.json`.
    Json,
    /// Messages, but no progress.
    Off,
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Color {
    /// On a terminal, as NO_COLOR, CLICOLOR and CLICOLOR_FORCE say.
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    pub verbosity: Verbosity,
    pub progress: ProgressStyle,
    pub color: Color,
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();

impl Settings {
    /// From now on, for the whole process; the first call counts.
    pub fn apply(self) {
        if SETTINGS.set(self).is_ok() && self.color != Color::Auto {
            let is_on = self.color == Color::Always;
            console::set_colors_enabled(is_on);
            console::set_colors_enabled_stderr(is_on);
        }
    }

    pub(crate) fn current() -> Self {
        SETTINGS.get().copied().unwrap_or_default()
    }
}
