//! Repeated attempts.

use std::time::Duration;

use crate::support::hub::download::failure::Failure;
use crate::support::terminal;

/// Attempts without progress until a download fails.
const ATTEMPTS: u32 = 5;
/// The pause after the first attempt; doubled after each one.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest `Retry-After` that is worth waiting for.
const PATIENCE: Duration = Duration::from_mins(5);

/// Repeats `attempt` as long as another one may succeed.
pub(super) async fn with_retries<T>(
    mut attempt: impl AsyncFnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut pause = PAUSE;
    for _ in 1..ATTEMPTS {
        let failure = match attempt().await {
            Err(failure) if may_succeed_later(&failure) => failure,
            done => return done,
        };
        let wait = failure.retry_after.unwrap_or(pause);
        if wait >= Duration::from_secs(1) {
            terminal::say(&format!(
                "{}: next try in {} s",
                failure.cause,
                wait.as_secs()
            ));
        }
        tokio::time::sleep(wait).await;
        pause *= 2;
    }
    attempt().await
}

fn may_succeed_later(failure: &Failure) -> bool {
    let is_soon = failure.retry_after.is_none_or(|wait| wait <= PATIENCE);
    failure.transient && is_soon
}
