//! Repeated attempts.

use std::time::Duration;

use crate::support::hub::download::failure::Failure;
use crate::support::terminal;

/// Attempts without progress until a download fails.
const ATTEMPTS: u32 = 5;
/// The pause after the first attempt; doubled after each one.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest wait that a server may ask for: the hub counts requests in windows of five minutes.
pub(super) const PATIENCE: Duration = Duration::from_secs(330);

/// Repeats `attempt` as long as another one may succeed, and no server asks to wait longer than
/// `patience`.
pub(super) fn with_retries<T>(
    patience: Duration,
    mut attempt: impl FnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut pause = PAUSE;
    for _ in 1..ATTEMPTS {
        let failure = match attempt() {
            Err(failure) if failure.transient && failure.wait <= Some(patience) => failure,
            done => return done,
        };
        let wait = failure.wait.unwrap_or(pause);
        if wait >= Duration::from_secs(1) {
            terminal::say(&format!(
                "{}: next try in {} s",
                failure.cause,
                wait.as_secs()
            ));
        }
        std::thread::sleep(wait);
        pause *= 2;
    }
    attempt()
}
