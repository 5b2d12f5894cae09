//! What this machine cannot test, said where it is seen.

use std::io::Write as _;

/// Says on stderr that a test, or a part of it, did not run. libtest captures what the print macros
/// of a passing test write, but not this; `.ci/run` repeats all such lines at its end.
pub fn skipped(test: &str, why: &str) {
    let line = format!("SKIPPED {test}: {}\n", why.replace('\n', ";"));
    // A closed stderr is no reason to fail.
    let _ = std::io::stderr().write_all(line.as_bytes());
}
