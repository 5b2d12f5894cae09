//! What tests inject into the program: a crash at a named step, an end of memory. Compiled only
//! with the feature `_test-hooks`, which tests alone turn on; elsewhere nothing is read and nothing
//! happens.

use std::path::Path;
use std::time::Duration;

/// Aborts the process, as `kill -9` would, where the variable `PAIRBENCH_TEST_ABORT` names this
/// file or step.
#[cfg(feature = "_test-hooks")]
pub(crate) fn abort_at(step: impl AsRef<Path>) {
    if let Some(wanted) = std::env::var_os("PAIRBENCH_TEST_ABORT")
        && step.as_ref().file_name() == Some(&wanted)
    {
        std::process::abort();
    }
}

#[cfg(not(feature = "_test-hooks"))]
pub(crate) fn abort_at(_: impl AsRef<Path>) {}

/// Panics, as a bug would, where the variable `PAIRBENCH_TEST_PANIC` is set.
#[cfg(feature = "_test-hooks")]
pub(crate) fn panic_if_asked() {
    assert!(
        std::env::var_os("PAIRBENCH_TEST_PANIC").is_none(),
        "asked for"
    );
}

#[cfg(not(feature = "_test-hooks"))]
pub(crate) fn panic_if_asked() {}

/// The largest number of tokens for which there is memory: `PAIRBENCH_TEST_MEMORY`, where it is
/// set.
#[cfg(feature = "_test-hooks")]
pub(crate) fn token_limit() -> Option<usize> {
    std::env::var("PAIRBENCH_TEST_MEMORY").ok()?.parse().ok()
}

#[cfg(not(feature = "_test-hooks"))]
pub(crate) fn token_limit() -> Option<usize> {
    None
}

/// Instead of the bytes of memory that are there: `PAIRBENCH_TEST_AVAILABLE`.
#[cfg(feature = "_test-hooks")]
pub(crate) fn available_memory() -> Option<u64> {
    std::env::var("PAIRBENCH_TEST_AVAILABLE").ok()?.parse().ok()
}

#[cfg(not(feature = "_test-hooks"))]
pub(crate) fn available_memory() -> Option<u64> {
    None
}

/// Instead of the seconds between signs of life: `PAIRBENCH_TEST_INTERVAL`, in milliseconds.
#[cfg(feature = "_test-hooks")]
pub(crate) fn interval() -> Option<Duration> {
    let milliseconds = std::env::var("PAIRBENCH_TEST_INTERVAL")
        .ok()?
        .parse()
        .ok()?;
    Some(Duration::from_millis(milliseconds))
}

#[cfg(not(feature = "_test-hooks"))]
pub(crate) fn interval() -> Option<Duration> {
    None
}
