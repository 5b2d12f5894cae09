//! Signals that stop a run in order: INT, TERM and HUP, and Ctrl-C and Ctrl-Break on Windows.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use crate::support::error::{Error, ErrorKind, Result};
use crate::support::terminal::complain;

/// Loading a model or computing one large batch may take longer than a user should wait.
const PATIENCE: Duration = Duration::from_secs(4);

/// The error message of a run that was stopped.
#[derive(Debug, Clone)]
pub(crate) struct StopMessage {
    /// How to continue the run.
    pub(crate) hint: String,
    pub(crate) as_json: bool,
}

/// Whether a signal asked the run to stop.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    /// The number of the signal; 0 before one came.
    caught: Arc<AtomicI32>,
    message: StopMessage,
}

impl Stop {
    /// Handles signals from now on. After the first one, [`Self::check`] fails, so that the batch
    /// in progress is finished and recorded. A second one ends the process at once, and so do four
    /// seconds in which nothing called [`Self::check`]. A signal that the parent process set to be
    /// ignored (`nohup`) stays ignored.
    pub(crate) fn listen(message: StopMessage) -> Result<Self> {
        let stop = Self {
            caught: Arc::default(),
            message,
        };
        platform::listen(stop.clone()).map_err(|e| Error::io("failed to listen for signals", e))?;
        Ok(stop)
    }

    /// An error once a signal has come.
    pub(crate) fn check(&self) -> Result<()> {
        match self.caught.load(Ordering::SeqCst) {
            0 => Ok(()),
            signal => Err(self.error(signal)),
        }
    }

    fn error(&self, signal: i32) -> Error {
        let (kind, name) = match signal {
            1 => (ErrorKind::HungUp, "HUP"),
            15 => (ErrorKind::Terminated, "TERM"),
            _ => (ErrorKind::Interrupted, "INT"),
        };
        Error::new(kind, format!("stopped by signal {name}")).hint(&self.message.hint)
    }

    /// Called on a thread of its own, never in a signal handler.
    fn receive(&self, signal: i32) {
        if self.caught.swap(signal, Ordering::SeqCst) != 0 {
            std::process::exit(128 + signal);
        }
        let stop = self.clone();
        std::thread::spawn(move || {
            std::thread::sleep(PATIENCE);
            let error = stop.error(signal);
            complain(&error, stop.message.as_json);
            std::process::exit(128 + signal);
        });
    }
}

#[cfg(unix)]
mod platform {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    use super::Stop;

    pub(super) fn listen(stop: Stop) -> std::io::Result<()> {
        let mut signals = Signals::new(
            [SIGINT, SIGTERM, SIGHUP]
                .into_iter()
                .filter(|signal| !is_ignored(*signal)),
        )?;
        std::thread::spawn(move || {
            for signal in signals.forever() {
                stop.receive(signal);
            }
        });
        Ok(())
    }

    fn is_ignored(signal: i32) -> bool {
        // SAFETY: without a new action this only queries; a zeroed `sigaction` is a valid place for
        // the answer.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0
                && action.sa_sigaction == libc::SIG_IGN
        }
    }
}

/// Ctrl-C and Ctrl-Break. When the console window is closed or the user logs off, Windows ends the
/// process soon after the handler has returned: the journal then has all batches but the last.
///
/// Not tested on Windows.
#[cfg(windows)]
mod platform {
    use super::Stop;

    const SIGINT: i32 = 2;

    pub(super) fn listen(stop: Stop) -> std::io::Result<()> {
        ctrlc::set_handler(move || stop.receive(SIGINT)).map_err(std::io::Error::other)
    }
}
