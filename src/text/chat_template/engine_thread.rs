//! A thread of its own for the template engine: with a deep stack, and for so long at most.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use crate::support::catch_panic::guarded;

/// Of the thread. The engine calls itself for each operator of a chain and for each level of a
/// value, of which a template can make as many as it has bytes or steps; such a call takes some
/// hundred bytes.
const STACK: usize = 1 << 28;

/// How often the clock is read, and how often at most: five seconds. A conversation takes some
/// thousandths of one. Readings are counted, so that a process that was stopped meanwhile has no
/// less time.
const TICK: Duration = Duration::from_millis(10);
const TICKS: u32 = 500;

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The engine itself fails.
    Broken(String),
    /// The thread runs on, and may take ever more memory: the process has to end.
    Endless,
}

/// What `run` gives.
///
/// The engine bounds the steps of a template and the bytes that it makes, but not the time that it
/// takes to print or compare a value in which one list stands many times.
pub(super) fn on_own_thread<T: Send + 'static>(
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let (sender, receiver) = sync_channel(1);
    let thread = std::thread::Builder::new().stack_size(STACK);
    let thread = thread.spawn(move || {
        // Nobody waits any longer: nothing to do about it.
        let _ = sender.send(guarded(run));
    });
    thread.map_err(|e| Failure::Broken(format!("no thread for the template engine: {e}")))?;
    for _ in 0..TICKS {
        match receiver.recv_timeout(TICK) {
            Ok(Some(result)) => return Ok(result),
            Err(RecvTimeoutError::Timeout) => {}
            Ok(None) | Err(RecvTimeoutError::Disconnected) => {
                let what = "the template engine fails on it".to_owned();
                return Err(Failure::Broken(what));
            }
        }
    }
    Err(Failure::Endless)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_gives_its_result_and_what_does_not_is_left() {
        assert_eq!(on_own_thread(|| 7), Ok(7));
        assert!(matches!(
            on_own_thread(|| -> u8 { panic!("of the engine") }),
            Err(Failure::Broken(_))
        ));
        let endless = || std::thread::sleep(Duration::from_hours(1));
        assert_eq!(on_own_thread(endless), Err(Failure::Endless));
    }
}
