//! Parses, executes, prints, and turns errors into exit codes.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use pairbench::cli;
use pairbench::support::allocator::{self, Allocator};
use pairbench::support::error::{Error, Result};
use pairbench::support::terminal::{complain, say, written};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    allocator::keep_freed_memory();
    let (request, settings) = match caught(cli::parse) {
        Ok(parsed) => parsed,
        Err(error) => return report(&error, false),
    };
    settings.apply();
    let wants_json = request.wants_json();
    let finished = caught(|| request.execute()).and_then(|finished| {
        // What was found is printed even where it is cause for complaint.
        print(&finished.text)?;
        Ok(finished)
    });
    let (outcome, last_line) = match finished {
        Ok(finished) => (finished.complaint.map_or(Ok(()), Err), finished.last_line),
        Err(error) => (Err(error), None),
    };
    let exit_code = match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error, wants_json),
    };
    if let Some(line) = last_line {
        say(&line);
    }
    exit_code
}

/// A panic, whose message was printed, is an error, too.
fn caught<T>(f: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|_| Err(Error::bug()))
}

fn report(error: &Error, as_json: bool) -> ExitCode {
    complain(error, as_json);
    error.exit_code()
}

fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}
