//! What the reader's terminal can show.

use std::io::IsTerminal;

/// Colour and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub colour: bool,
    /// Characters in a line; no limit in files and pipes, where nothing breaks lines.
    pub width: Option<usize>,
}

impl Style {
    /// For files and pipes.
    pub fn plain() -> Self {
        Self {
            colour: false,
            width: None,
        }
    }

    /// Of stdout: colour unless `NO_COLOR` or `CLICOLOR` forbid it; where it is a terminal as wide
    /// as `COLUMNS` says, or the window.
    pub fn of_stdout() -> Self {
        let said = std::env::var("COLUMNS").ok();
        let said = said.and_then(|columns| columns.parse().ok());
        Self {
            colour: console::colors_enabled(),
            width: said
                .filter(|columns| *columns > 0 && std::io::stdout().is_terminal())
                .or_else(window_width),
        }
    }

    /// Whether no line of the text is wider than the window.
    pub(crate) fn fits(self, text: &str) -> bool {
        self.width.is_none_or(|width| {
            text.lines()
                .all(|line| console::measure_text_width(line) <= width)
        })
    }
}

/// Columns of the window that stdout is; `None` where it is none.
#[cfg(unix)]
fn window_width() -> Option<usize> {
    // A terminal may know its columns alone, as after `stty cols 80`: console wants rows, too.
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(size.ws_col.into()).filter(|columns| *columns > 0)
}

#[cfg(not(unix))]
fn window_width() -> Option<usize> {
    let size = console::Term::stdout().size_checked();
    size.map(|(_, columns)| columns.into())
}
