//! The allocator, what happens where it has nothing left, and whether it has enough for a batch.
//!
//! Rust ends a process by a signal where an allocation fails: afterwards nothing can be caught.
//! Some readers reserve what a damaged file claims to hold (polars does, for Parquet): that must be
//! an error about this file, with its exit code. A batch is asked for before it is computed: a
//! system that refuses what it lacks (a limit of the address space, strict accounting, Windows)
//! answers the question; Linux as it usually is promises more than it has and kills later, which
//! the journal survives.

use std::alloc::{GlobalAlloc, Layout};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use mimalloc::MiMalloc;

use crate::support::error::{Kind, one_line};

/// Layers allocate and free the same large buffers over and over; the system's allocator gives them
/// back to the kernel each time and has their pages cleared again.
pub struct Allocator;

// SAFETY: all calls are mimalloc's; what differs is that a null pointer ends the process.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        found(unsafe { MiMalloc.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        found(unsafe { MiMalloc.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        found(unsafe { MiMalloc.realloc(memory, layout, size) }, size)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { MiMalloc.dealloc(memory, layout) }
    }
}

/// The file that is read at this moment by code that believes it.
static READING: Mutex<Option<String>> = Mutex::new(None);

/// Says that `read` reads this file: a lack of memory meanwhile is the file's fault.
pub fn reading<T>(path: &Path, read: impl FnOnce() -> T) -> T {
    let set = |file| READING.lock().map(|mut reading| *reading = file).ok();
    set(Some(one_line(&path.display().to_string())));
    let result = read();
    set(None);
    result
}

#[inline]
fn found(memory: *mut u8, size: usize) -> *mut u8 {
    if memory.is_null() {
        give_up(size)
    } else {
        memory
    }
}

/// Nothing here may ask for memory.
#[cold]
fn give_up(size: usize) -> ! {
    let reading = READING.try_lock().ok();
    let file = reading.as_ref().and_then(|reading| reading.as_deref());
    let mut out = std::io::stderr();
    let (said, kind) = match file {
        Some(file) => (
            writeln!(
                out,
                "error: failed to read: {file}: it asks for {size} bytes of memory\n  hint: the file is damaged"
            ),
            Kind::BadInput,
        ),
        None => (
            writeln!(
                out,
                "error: failed to get {size} bytes of memory\n  hint: use a smaller --batch-tokens, or --dtype f16"
            ),
            Kind::Resources,
        ),
    };
    // Where nobody reads stderr the exit code has to do.
    let _ = said;
    std::process::exit(kind as i32)
}

/// Asks mimalloc itself: [`Allocator`] does not come back without memory.
pub fn can_have(bytes: usize) -> bool {
    let Ok(layout) = Layout::from_size_align(bytes.max(1), 64) else {
        return false;
    };
    // SAFETY: the size is not 0, and what was given is given back with the same layout.
    unsafe {
        let room = MiMalloc.alloc(layout);
        if !room.is_null() {
            MiMalloc.dealloc(room, layout);
        }
        !room.is_null()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_had_is_said_and_not_died_of() {
        assert!(can_have(0) && can_have(1 << 20));
        assert!(!can_have(1 << 60) && !can_have(usize::MAX));
    }
}
