//! The lines of the input, read ahead by a thread of their own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use crate::data::answer_line::MAX_LINE;
use crate::support::bounded_lines::{BoundedLines, Line};
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::input_file::{STANDARD_INPUT, STDIN};
use crate::support::signals::Stop;

/// Lines that are read before they are asked for: with [`MAX_LINE`], this bounds memory.
const AHEAD: usize = 4;

/// How long a signal may go unseen while no line comes.
const WATCH: Duration = Duration::from_millis(50);

/// Lines as they come.
pub(super) struct Lines {
    from: Receiver<std::io::Result<Line>>,
    name: String,
}

impl Lines {
    /// Of a file, or of standard input.
    pub(super) fn open(path: &Path) -> Result<Self> {
        if path.as_os_str() == STDIN {
            return Ok(Self::of(
                BufReader::new(std::io::stdin()),
                STANDARD_INPUT.to_owned(),
            ));
        }
        let file = files::open_stream(path)?;
        Ok(Self::of(BufReader::new(file), path.display().to_string()))
    }

    fn of(from: impl BufRead + Send + 'static, name: String) -> Self {
        let (send, receive) = sync_channel(AHEAD);
        // It may wait for standard input when the process ends, which ends it.
        std::thread::spawn(move || {
            for line in BoundedLines::new(from, MAX_LINE) {
                let is_last = line.is_err();
                if send.send(line).is_err() || is_last {
                    break;
                }
            }
        });
        Self {
            from: receive,
            name,
        }
    }

    /// Waits for the next line, or for a signal; `None` at the end.
    pub(super) fn next(&self, stop: &Stop) -> Result<Option<Line>> {
        loop {
            stop.check()?;
            match self.from.recv_timeout(WATCH) {
                Ok(line) => return self.read(line).map(Some),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// The next line, where it comes in time.
    pub(super) fn next_until(&self, deadline: Instant) -> Result<Option<Line>> {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = self.from.recv_timeout(left).ok();
        line.map(|line| self.read(line)).transpose()
    }

    fn read(&self, line: std::io::Result<Line>) -> Result<Line> {
        line.map_err(|e| Error::io(format!("failed to read {}", self.name), e))
    }
}
