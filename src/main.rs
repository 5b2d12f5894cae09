//! Parses, executes, prints, and turns errors into exit codes.

use std::io::Write;
use std::process::ExitCode;

use pairbench::cli;
use pairbench::support::allocator::Allocator;
use pairbench::support::error::{Error, Result};
use pairbench::support::terminal::{complain, written};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    let (request, settings) = match cli::parse() {
        Ok(parsed) => parsed,
        Err(error) => return report(&error, false),
    };
    settings.apply();
    let wants_json = request.wants_json();
    let outcome = request.execute().and_then(|finished| {
        // What was found is printed even where it is cause for complaint.
        print(&finished.text)?;
        finished.complaint.map_or(Ok(()), Err)
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error, wants_json),
    }
}

fn report(error: &Error, as_json: bool) -> ExitCode {
    complain(error, as_json);
    error.exit_code()
}

fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}
