//! INT, TERM and HUP: the run ends in order and says how to go on with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::support::error::{Error, Kind, Result};

/// How a run that was stopped ends.
#[derive(Debug, Clone)]
pub struct Farewell {
    /// How to go on.
    pub hint: String,
    pub as_json: bool,
}

/// Whether somebody asked the run to stop.
#[derive(Debug, Clone)]
pub struct Stop {
    caught: Arc<AtomicI32>,
    farewell: Farewell,
}

impl Stop {
    /// From now on the first signal asks, and what is computed is finished first; a second one, or
    /// a few seconds in which nothing looked, end the process. A signal that the parent wants
    /// ignored (`nohup`) stays ignored.
    pub fn listen(farewell: Farewell) -> Result<Self> {
        let stop = Self {
            caught: Arc::default(),
            farewell,
        };
        #[cfg(unix)]
        unix::listen(stop.clone()).map_err(|e| Error::io("failed to listen for signals", e))?;
        Ok(stop)
    }

    /// An error once a signal has come.
    pub fn check(&self) -> Result<()> {
        match self.caught.load(Ordering::SeqCst) {
            0 => Ok(()),
            signal => Err(self.error(signal)),
        }
    }

    fn error(&self, signal: i32) -> Error {
        let (kind, name) = match signal {
            1 => (Kind::HungUp, "HUP"),
            15 => (Kind::Terminated, "TERM"),
            _ => (Kind::Interrupted, "INT"),
        };
        Error::new(kind, format!("stopped by signal {name}")).hint(&self.farewell.hint)
    }
}

#[cfg(unix)]
mod unix {
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    use super::Stop;
    use crate::support::terminal::say;

    /// Loading a model or one large batch may take longer than a user should wait.
    const PATIENCE: Duration = Duration::from_secs(4);

    pub fn listen(stop: Stop) -> std::io::Result<()> {
        let mut signals = Signals::new(
            [SIGINT, SIGTERM, SIGHUP]
                .into_iter()
                .filter(|signal| !is_ignored(*signal)),
        )?;
        std::thread::spawn(move || {
            for signal in signals.forever() {
                if stop.caught.swap(signal, Ordering::SeqCst) != 0 {
                    std::process::exit(128 + signal);
                }
                let stop = stop.clone();
                std::thread::spawn(move || {
                    std::thread::sleep(PATIENCE);
                    let error = stop.error(signal);
                    say(&if stop.farewell.as_json {
                        error.render_json()
                    } else {
                        error.render()
                    });
                    std::process::exit(128 + signal);
                });
            }
        });
        Ok(())
    }

    fn is_ignored(signal: i32) -> bool {
        // SAFETY: without a new action this only asks; a zeroed `sigaction` is a valid one to write
        // the answer to.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0
                && action.sa_sigaction == libc::SIG_IGN
        }
    }
}
