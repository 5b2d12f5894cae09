//! What the reader's terminal can show.

use console::Term;

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

    /// Of stdout: colour unless `NO_COLOR` or `CLICOLOR` forbid it, as wide as the window.
    pub fn of_stdout() -> Self {
        let width = Term::stdout()
            .size_checked()
            .map(|(_, columns)| columns.into());
        Self {
            colour: console::colors_enabled(),
            width,
        }
    }

    /// Whether no line of the text is wider than the window.
    pub(super) fn fits(self, text: &str) -> bool {
        self.width.is_none_or(|width| {
            text.lines()
                .all(|line| console::measure_text_width(line) <= width)
        })
    }
}
