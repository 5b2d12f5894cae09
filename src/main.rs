//! Parses, runs, prints, and turns errors into exit codes.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use pairbench::cli::{CacheAction, Cli, Command, CompareFormat, Format, Generate};
use pairbench::commands::run::Finished;
use pairbench::support::error::{Error, Result};

#[global_allocator]
static ALLOCATOR: pairbench::support::allocator::Allocator =
    pairbench::support::allocator::Allocator;

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let as_json = match &command {
        Command::Run(args) => args.format == Format::Json,
        Command::Compare(args) => args.format == CompareFormat::Json,
        Command::Report(args) => args.format == Format::Json,
        Command::Merge(args) => args.format == Format::Json,
        _ => false,
    };
    match execute(&command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&if as_json {
                error.render_json()
            } else {
                error.render()
            });
            error.exit_code()
        }
    }
}

fn execute(command: &Command) -> Result<()> {
    match command {
        Command::Run(args) => finish(pairbench::commands::run::run(args)?),
        Command::Compare(args) => finish(pairbench::commands::compare::compare(args)?),
        Command::Report(args) => print(&pairbench::commands::report::report(args)?),
        Command::Merge(args) => finish(pairbench::commands::merge::merge(args)?),
        Command::Fetch(args) => print(&pairbench::commands::fetch::fetch(args)?),
        Command::Inspect(args) => print(&pairbench::commands::inspect::inspect(args)?),
        Command::Bench(args) => print(&pairbench::commands::bench::bench(args)?),
        Command::Published { name } => {
            print(&pairbench::commands::published::show(name.as_deref())?)
        }
        Command::Cache { action: None } => print(&pairbench::commands::doctor::show_cache()?),
        Command::Cache {
            action: Some(CacheAction::Clear),
        } => print(&pairbench::commands::doctor::clear_cache()?),
        Command::Doctor => print(&pairbench::commands::doctor::doctor()?),
        Command::Generate(Generate::Completions { shell }) => {
            print(&pairbench::commands::generate::completions(*shell))
        }
        Command::Generate(Generate::Man { dir }) => pairbench::commands::generate::man(dir),
        Command::Generate(Generate::Schema { document }) => {
            print(pairbench::commands::generate::schema(*document))
        }
    }
}

/// What was found is printed even where it is cause for complaint.
fn finish(finished: Finished) -> Result<()> {
    print(&finished.text)?;
    finished.complaint.map_or(Ok(()), Err)
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

#[expect(clippy::print_stderr, reason = "the one place that reports errors")]
fn complain(text: &str) {
    eprintln!("{text}");
}
