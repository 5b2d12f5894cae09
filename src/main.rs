//! Parses, executes, prints, and turns errors into exit codes.

use std::io::Write;
use std::process::ExitCode;

use pairbench::cli;
use pairbench::support::allocator::Allocator;
use pairbench::support::error::{Error, Result};
use pairbench::support::terminal::complain;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    let (request, settings) = cli::parse();
    settings.apply();
    let wants_json = request.wants_json();
    let outcome = request.execute().and_then(|finished| {
        // What was found is printed even where it is cause for complaint.
        print(&finished.text)?;
        finished.complaint.map_or(Ok(()), Err)
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error, wants_json);
            error.exit_code()
        }
    }
}

/// Results; a reader that has seen enough (`| head`) is not an error.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::io("failed to write to stdout", e))
        }
        _ => Ok(()),
    }
}
