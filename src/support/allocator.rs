//! The global allocator: mimalloc, with an error message and an exit code where memory runs out.
//!
//! Rust aborts the process where an allocation fails, and nothing can catch that. Some readers
//! reserve as much as a damaged file claims to hold (polars does, for Parquet): that must be an
//! error about this file, with its exit code. Before a batch is computed, its memory is allocated
//! and freed as a trial. Systems that refuse what they lack (a limit of the address space, strict
//! accounting, Windows) fail the trial; Linux by default overcommits memory and kills the process
//! later, which the journal survives.

use std::alloc::{GlobalAlloc, Layout};
use std::ffi::c_long;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use libmimalloc_sys::{mi_collect, mi_option_set_default, mi_option_t};
use mimalloc::MiMalloc;

use crate::support::error::{ErrorKind, one_line};

/// mimalloc. The layers of a model allocate and free the same large buffers repeatedly; the
/// system's allocator returns them to the kernel each time, which clears their pages again.
pub struct Allocator;

// SAFETY: every call is passed on to mimalloc; the only difference is that a null pointer ends the
// process.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the same contract.
        checked(unsafe { MiMalloc.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the same contract.
        checked(unsafe { MiMalloc.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the same contract.
        checked(unsafe { MiMalloc.realloc(memory, layout, size) }, size)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the same contract.
        unsafe { MiMalloc.dealloc(memory, layout) }
    }
}

/// Milliseconds that freed memory is kept at least, from the first time that something near it is
/// freed. mimalloc's own second is less than a large model takes for some layers: their buffers
/// would go back to the operating system, which clears them before it hands them out again.
const KEPT_FOR: c_long = 100_000;
/// `mi_option_purge_delay` in mimalloc 3's `mi_option_e`.
const PURGE_DELAY: mi_option_t = 15;

/// Keeps freed memory for the next buffers, unless `MIMALLOC_PURGE_DELAY` says otherwise. To be
/// called before there are other threads.
pub fn keep_freed_memory() {
    // SAFETY: no other thread reads or sets options.
    unsafe { mi_option_set_default(PURGE_DELAY, KEPT_FOR) };
}

/// Returns what is kept to the operating system, which counts it as used until then.
pub(crate) fn return_freed_memory() {
    // SAFETY: mimalloc allows it at any time, on any thread.
    unsafe { mi_collect(true) };
}

/// The file that is being read by code that trusts its sizes.
static READING: Mutex<Option<String>> = Mutex::new(None);

/// Runs `read`; if memory runs out meanwhile, the error is about this file.
pub(crate) fn reading<T>(path: &Path, read: impl FnOnce() -> T) -> T {
    let set = |file| READING.lock().map(|mut reading| *reading = file).ok();
    set(Some(one_line(&path.display().to_string())));
    let result = read();
    set(None);
    result
}

#[inline]
fn checked(memory: *mut u8, size: usize) -> *mut u8 {
    if memory.is_null() {
        give_up(size)
    } else {
        memory
    }
}

/// Reports the failed allocation and ends the process. Must not allocate.
#[cold]
fn give_up(size: usize) -> ! {
    let reading = READING.try_lock().ok();
    let file = reading.as_ref().and_then(|reading| reading.as_deref());
    let mut out = std::io::stderr();
    let (written, kind) = match file {
        Some(file) => (
            writeln!(
                out,
                "error: failed to read: {file}: it asks for {size} bytes of memory\n  \
                 hint: the file is damaged"
            ),
            ErrorKind::BadInput,
        ),
        None => (
            writeln!(
                out,
                "error: failed to get {size} bytes of memory\n  hint: use a smaller \
                 --batch-tokens, or --dtype f16"
            ),
            ErrorKind::Resources,
        ),
    };
    // If stderr cannot be written, the exit code alone tells.
    let _ = written;
    std::process::exit(kind as i32)
}

/// Whether so many bytes can be allocated now. Asks mimalloc itself, as [`Allocator`] would end the
/// process.
pub(crate) fn can_allocate(bytes: usize) -> bool {
    let Ok(layout) = Layout::from_size_align(bytes.max(1), 64) else {
        return false;
    };
    // SAFETY: the size is not 0, and the memory is freed with the layout of its allocation.
    unsafe {
        let memory = MiMalloc.alloc(layout);
        if !memory.is_null() {
            MiMalloc.dealloc(memory, layout);
        }
        !memory.is_null()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_trial_allocation_does_not_end_the_process() {
        assert!(can_allocate(0) && can_allocate(1 << 20));
        assert!(!can_allocate(1 << 60) && !can_allocate(usize::MAX));
    }
}
