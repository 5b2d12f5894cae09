//! Catches panics of other crates' code that a damaged file can cause, so that they become errors
//! about that file.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local!(static IN_GUARDED: Cell<bool> = const { Cell::new(false) });

/// Calls of [`guarded`] that have not returned.
static GUARDED: AtomicUsize = AtomicUsize::new(0);

/// Runs `f`; `None` if it panics. The panic's message is not printed.
///
/// Messages of the threads of polars and of GPU queues are suppressed meanwhile, too: their panics
/// are propagated to this thread.
pub(crate) fn guarded<T>(f: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let other_guarded = GUARDED.load(Ordering::Relaxed) > 0;
            let suppressed = IN_GUARDED.get() || other_guarded && is_worker();
            if !suppressed {
                previous(info);
            }
        }));
    });
    let before = IN_GUARDED.replace(true);
    GUARDED.fetch_add(1, Ordering::Relaxed);
    let result = catch_unwind(AssertUnwindSafe(f)).ok();
    GUARDED.fetch_sub(1, Ordering::Relaxed);
    IN_GUARDED.set(before);
    result
}

/// Whether this is a thread of polars' pool or of a GPU queue.
fn is_worker() -> bool {
    std::thread::current()
        .name()
        .is_some_and(|name| name.starts_with("polars") || name.starts_with("DSD"))
}
