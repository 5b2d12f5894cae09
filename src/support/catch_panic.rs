//! Panics of others' code that a file can cause: caught, and reported as an error about that file.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });

/// Calls of [`guarded`] that have not returned.
static GUARDED: AtomicUsize = AtomicUsize::new(0);

/// Runs `f`; `None` if it panics, without the panic's talk on stderr.
///
/// Threads of polars and of GPUs' queues hold their tongue meanwhile, too: their panics come back
/// here.
pub fn guarded<T>(f: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let quiet = QUIET.get() || GUARDED.load(Ordering::Relaxed) > 0 && is_helper();
            if !quiet {
                previous(info);
            }
        }));
    });
    let before = QUIET.replace(true);
    GUARDED.fetch_add(1, Ordering::Relaxed);
    let result = catch_unwind(AssertUnwindSafe(f)).ok();
    GUARDED.fetch_sub(1, Ordering::Relaxed);
    QUIET.set(before);
    result
}

fn is_helper() -> bool {
    std::thread::current()
        .name()
        .is_some_and(|name| name.starts_with("polars") || name.starts_with("DSD"))
}
