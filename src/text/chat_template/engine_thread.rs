//! A thread of its own for the template engine: with a deep stack, and for so long at most.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use crate::support::catch_panic::guarded;

/// The stack of the thread. The engine recurses once for each operator of a chain and for each level
/// of a value, some hundred bytes a time; the lengths of templates and the steps of a render bound
/// how often.
const STACK: usize = 1 << 28;

/// How long to wait for one wake-up, and for how many: ten seconds. A render takes milliseconds.
/// Wake-ups are counted instead of seconds, so that time in which the whole process stood still does
/// not count.
const TICK: Duration = Duration::from_millis(10);
const TICKS: u32 = 1000;

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The engine itself fails.
    Broken,
    /// The system gives no thread: nothing is known of the template.
    NoThread(String),
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
    thread.map_err(|e| Failure::NoThread(e.to_string()))?;
    for _ in 0..TICKS {
        match receiver.recv_timeout(TICK) {
            Ok(Some(result)) => return Ok(result),
            Err(RecvTimeoutError::Timeout) => {}
            Ok(None) | Err(RecvTimeoutError::Disconnected) => return Err(Failure::Broken),
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
            Err(Failure::Broken)
        ));
        let endless = || std::thread::sleep(Duration::from_hours(1));
        assert_eq!(on_own_thread(endless), Err(Failure::Endless));
    }
}
