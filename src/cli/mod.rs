//! What was typed → a request. The only room that knows clap, with the command that writes
//! completions and man pages from it.

mod completion;
mod help;
mod import;
mod others;
mod rank;
mod run;
mod shared;
mod show;
mod values;

use std::io::Write;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};

use crate::cli::import::ImportArgs;
use crate::cli::others::{BenchArgs, CompareArgs, FetchArgs, InspectArgs, MergeArgs, ReportArgs};
use crate::cli::rank::{RankArgs, ScoreArgs};
use crate::cli::run::RunArgs;
use crate::cli::shared::TalkArgs;
use crate::cli::show::{ListArgs, ShowArgs};
use crate::cli::values::SchemaArg;
use crate::commands::Request;
use crate::commands::generate::GenerateRequest;
use crate::support::error::{Error, Result};
use crate::support::terminal::{ProgressStyle, Settings, written};
use crate::support::version::ENGINE_VERSION;

/// Scores reward models on preference benchmarks: no Python, and no GPU needed.
#[derive(Debug, Parser)]
#[command(version = ENGINE_VERSION.as_str(), arg_required_else_help = true)]
#[command(after_help = help::PAIRBENCH)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: CommandArgs,
    #[command(flatten)]
    talk: TalkArgs,
}

#[derive(Debug, Subcommand)]
enum CommandArgs {
    /// Score models on pairs and print the comparative table
    #[command(after_help = help::RUN)]
    Run(Box<RunArgs>),
    /// Compare two runs, or a run and a published table, pair by pair; with --gate, fail where
    /// rules are not met
    #[command(after_help = help::GATES)]
    Compare(CompareArgs),
    /// Show finished runs again, in any format, as the columns of one table
    #[command(after_help = help::REPORT)]
    Report(ReportArgs),
    /// Print pairs of a finished run in full, with what its models said of them
    #[command(after_help = help::SHOW)]
    Show(ShowArgs),
    /// Put the finished shards of a run together
    #[command(after_help = help::MERGE)]
    Merge(MergeArgs),
    /// Read result files of other programs into a run directory, to compare with and to report
    #[command(after_help = help::IMPORT)]
    Import(ImportArgs),
    /// Download and verify models and the data of benchmarks, for use without a network
    #[command(after_help = help::FETCH)]
    Fetch(FetchArgs),
    /// Show what a checkpoint or a file of pairs is: sizes, template, token lengths, truncation
    #[command(after_help = help::INSPECT)]
    Inspect(InspectArgs),
    /// Measure how fast a model is on this machine
    #[command(after_help = help::BENCH)]
    Bench(BenchArgs),
    /// Rank the answers to each prompt of a stream, one JSON object a line
    #[command(after_help = help::RANK)]
    Rank(Box<RankArgs>),
    /// Score one answer or two to each prompt of a stream, one JSON object a line
    #[command(after_help = help::SCORE)]
    Score(Box<ScoreArgs>),
    /// List the benchmarks, models, templates and published tables that are known
    #[command(after_help = help::LIST)]
    List(ListArgs),
    /// Print published tables
    #[command(after_help = help::PUBLISHED)]
    Published {
        /// One table [default: all]
        name: Option<String>,
    },
    /// Show how many verdicts are kept for later runs and where, or remove them
    #[command(after_help = help::CACHE)]
    Cache {
        #[command(subcommand)]
        action: Option<CacheAction>,
    },
    /// Show what would be used on this machine: device, threads, caches, settings
    #[command(after_help = help::DOCTOR)]
    Doctor,
    /// Write shell completions, man pages or the schemas of JSON documents
    #[command(subcommand, after_help = help::GENERATE)]
    Generate(GenerateArgs),
}

#[derive(Debug, Subcommand)]
enum CacheAction {
    /// Remove all kept verdicts
    #[command(after_help = help::CACHE)]
    Clear,
}

#[derive(Debug, Subcommand)]
enum GenerateArgs {
    /// Print a completion script, for example into
    /// ~/.local/share/bash-completion/completions/pairbench
    #[command(after_help = help::COMPLETIONS)]
    Completions { shell: clap_complete::Shell },
    /// Write pairbench.1 and a page for each command
    #[command(after_help = help::MAN)]
    Man {
        /// Directory for the pages, for example ~/.local/share/man/man1
        dir: PathBuf,
    },
    /// Print the JSON Schema (draft 2020-12) of a document that pairbench writes
    #[command(after_help = help::SCHEMA)]
    Schema { document: SchemaArg },
}

/// What the command line of this process asks for, and how much to say meanwhile. Ends the process
/// where it cannot be understood, or asks for help.
///
/// # Errors
/// Help that cannot be written.
pub fn parse() -> Result<(Request, Settings)> {
    let error = match Cli::try_parse() {
        Ok(typed) => return Ok((typed.command.into(), typed.talk.into())),
        Err(error) => error,
    };
    if error.use_stderr() && json_is_typed() {
        return Err(in_short(&error));
    }
    let printed = error.print().and_then(|()| std::io::stdout().flush());
    if !error.use_stderr() {
        written(printed)?;
    }
    std::process::exit(error.exit_code())
}

/// Whether stderr is for a program, as far as that can be told of a line that cannot be understood.
fn json_is_typed() -> bool {
    let typed: Vec<_> = std::env::args_os().collect();
    let apart = typed
        .windows(2)
        .any(|two| two[0] == "--progress" && two[1] == "json");
    let is_json = apart || typed.iter().any(|one| one == "--progress=json");
    if is_json {
        Settings {
            progress: ProgressStyle::Json,
            ..Settings::default()
        }
        .apply();
    }
    is_json
}

/// What clap says, without how it is used.
fn in_short(error: &clap::Error) -> Error {
    let text = error.to_string();
    let what = text.lines().next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(what);
    Error::usage(format!("failed to parse the command line: {what}"))
        .hint("pairbench --help, or the command with --help, has the flags")
}

impl From<CommandArgs> for Request {
    fn from(typed: CommandArgs) -> Self {
        match typed {
            CommandArgs::Run(args) => Self::Run(Box::new((*args).into())),
            CommandArgs::Compare(args) => Self::Compare(args.into()),
            CommandArgs::Report(args) => Self::Report(args.into()),
            CommandArgs::Show(args) => Self::Show(args.into()),
            CommandArgs::Merge(args) => Self::Merge(args.into()),
            CommandArgs::Import(args) => Self::Import(args.into()),
            CommandArgs::Fetch(args) => Self::Fetch(args.into()),
            CommandArgs::Inspect(args) => Self::Inspect(args.into()),
            CommandArgs::Bench(args) => Self::Bench(args.into()),
            CommandArgs::Rank(args) => Self::Rank(Box::new((*args).into())),
            CommandArgs::Score(args) => Self::Rank(Box::new((*args).into())),
            CommandArgs::List(args) => Self::List(args.into()),
            CommandArgs::Published { name } => Self::Published(name),
            CommandArgs::Cache { action: None } => Self::ShowCache,
            CommandArgs::Cache {
                action: Some(CacheAction::Clear),
            } => Self::ClearCache,
            CommandArgs::Doctor => Self::Doctor,
            CommandArgs::Generate(args) => Self::Generate(args.into()),
        }
    }
}

impl From<GenerateArgs> for GenerateRequest {
    fn from(typed: GenerateArgs) -> Self {
        match typed {
            GenerateArgs::Completions { shell } => Self::Completions {
                shell,
                command: Box::new(completion::suggesting(Cli::command())),
            },
            GenerateArgs::Man { dir } => Self::Man {
                dir,
                command: Box::new(Cli::command()),
            },
            GenerateArgs::Schema { document } => Self::Schema(document.into()),
        }
    }
}
