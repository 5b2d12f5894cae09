//! The errors that a user can see, their exit codes and how they are printed.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Result of whatever a file, a flag or the network can make fail.
pub type Result<T> = std::result::Result<T, Error>;

/// The kind of a failure. Its number is the exit code; the numbers are stable, as scripts rely on
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Something that this program must not do, whatever it is given.
    Bug = 1,
    /// A flag or a combination of flags that cannot work.
    Usage = 2,
    /// A rule of a gate failed.
    Gate = 3,
    /// A dataset, benchmark, checkpoint or tokenizer that is not what it should be.
    BadInput = 4,
    /// Something that does not exist or cannot be reached: a file, a repository, a device.
    Unavailable = 5,
    /// Margins that are not finite, or pairs that could not be scored.
    Numerical = 6,
    /// Disk or memory ran out.
    Resources = 7,
    /// A rule of a strict gate could not be decided.
    Inconclusive = 8,
    /// Another run is writing to the directory.
    Locked = 75,
    /// Stopped by a signal: 128 plus its number, as in shells.
    HungUp = 129,
    Interrupted = 130,
    Terminated = 143,
}

/// An error: `failed to <what>: <path>`, its causes, and a hint what to do next.
#[derive(Debug)]
pub struct Error {
    pub kind: ErrorKind,
    message: String,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            source: None,
        }
    }

    /// Of a panic, whose message was printed.
    pub fn bug() -> Self {
        Self::new(ErrorKind::Bug, "failed: this is a bug of pairbench")
            .hint("please report it, with the command and the lines above")
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadInput, message)
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// A failed read or write; the kind follows from the kind of the I/O error.
    pub fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let kind = match source.kind() {
            Io::StorageFull | Io::QuotaExceeded | Io::FileTooLarge | Io::OutOfMemory => {
                ErrorKind::Resources
            }
            Io::InvalidData | Io::UnexpectedEof => ErrorKind::BadInput,
            _ => ErrorKind::Unavailable,
        };
        Self::new(kind, what).caused_by(source)
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds another way out to the hint.
    #[must_use]
    pub(crate) fn or_hint(mut self, other: &str) -> Self {
        self.hint = Some(match self.hint {
            Some(hint) => format!("{hint}; {other}"),
            None => other.to_owned(),
        });
        self
    }

    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }

    fn causes(&self) -> impl Iterator<Item = String> {
        std::iter::successors(self.source(), |cause| (*cause).source())
            .map(|cause| one_line(&cause.to_string()))
    }

    /// The form people read: `error:`, `caused by:` and `hint:` lines.
    pub fn render(&self) -> String {
        let mut text = format!("error: {}", one_line(&self.message));
        for cause in self.causes() {
            let _ = write!(text, "\n  caused by: {cause}");
        }
        if let Some(hint) = &self.hint {
            let _ = write!(text, "\n  hint: {}", one_line(hint));
        }
        text
    }

    /// The form programs read: one JSON object, for `--format json`; `docs/schema/error.v1.json`.
    pub fn render_json(&self) -> String {
        serde_json::json!({
            "error": one_line(&self.message),
            "caused_by": self.causes().collect::<Vec<_>>(),
            "hint": self.hint.as_deref().map(one_line),
            "exit_code": self.kind as u8,
            "schema": 1,
        })
        .to_string()
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

/// `text` on one line, without control characters or bidirectional overrides: a file name or a cell
/// of a dataset must not be able to send escape sequences to the reader's terminal.
pub fn one_line(text: &str) -> String {
    text.chars()
        .filter(|c| !changes_direction(*c))
        .map(|c| if breaks_line(c) { ' ' } else { c })
        .collect()
}

/// Whether a character may break a line or change the direction of text: control characters,
/// Unicode's line and paragraph separators, bidirectional overrides.
pub fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || changes_direction(c)
}

/// Bidirectional embeddings, overrides and isolates, which display text in another order.
fn changes_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `line` such that the log of a CI job shows it as text: GitHub's runner executes lines that begin
/// with `::`.
pub fn without_workflow_command(line: String) -> String {
    if line.trim_start().starts_with("::") {
        format!("'{line}")
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rendering_names_cause_and_hint_and_drops_escapes() {
        let error = Error::bad_input("failed to read rows: a\u{1b}[31mb.jsonl:3")
            .caused_by(std::io::Error::other("expected a string"))
            .hint("quote it");
        assert_eq!(
            error.render(),
            "error: failed to read rows: a [31mb.jsonl:3\n  caused by: expected a string\n  \
             hint: quote it"
        );
        assert_eq!(error.kind as u8, 4);
        assert!(error.render_json().starts_with("{\"error\":"));
    }

    #[test]
    fn a_line_of_a_log_is_no_workflow_command() {
        assert_eq!(
            without_workflow_command(one_line("\n::error::x")),
            "' ::error::x"
        );
        assert_eq!(
            without_workflow_command("a ::error::x".to_owned()),
            "a ::error::x"
        );
    }
}
