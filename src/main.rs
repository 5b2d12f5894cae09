//! Parses, runs, prints, and turns errors into exit codes.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use pairbench::cli::{Cli, Command, Format};
use pairbench::error::{Error, Result};

fn main() -> ExitCode {
    let Cli { command: Command::Run(args) } = Cli::parse();
    let as_json = args.format == Format::Json;
    let outcome = pairbench::run::run(&args).and_then(|finished| {
        print(&finished.text)?;
        finished.complaint.map_or(Ok(()), Err)
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&if as_json { error.render_json() } else { error.render() });
            error.exit_code()
        }
    }
}

/// Results; a reader that has seen enough (`| head`) is not an error.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::io("failed to write to stdout", e)),
        _ => Ok(()),
    }
}

#[expect(clippy::print_stderr, reason = "the one place that reports errors")]
fn complain(text: &str) {
    eprintln!("{text}");
}
