//! Shell completions and man pages, from the same definitions as the help, and the schemas of JSON
//! documents.

use std::path::{Path, PathBuf};

use clap::Command;
use clap_complete::Shell;

use crate::commands::{completions, man_pages};
use crate::support::error::{Error, Result};
use crate::support::files;

/// What to generate; `command` is the definition of the command line, for completions with
/// suggestions.
pub enum GenerateRequest {
    Completions {
        shell: Shell,
        command: Box<Command>,
    },
    /// Into this directory.
    Man {
        dir: PathBuf,
        command: Box<Command>,
    },
    Schema(Schema),
}

/// A document that pairbench writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// What run and report print, and `summary.json`.
    Summary,
    /// What compare prints.
    Comparison,
    /// `run.json`
    Run,
    /// An error on stderr.
    Error,
    /// A line on stderr.
    Progress,
    /// What show prints.
    Pairs,
    /// What list prints.
    List,
    /// A row of `verdicts.parquet`.
    Verdicts,
    /// A line of rank and score.
    Rank,
}

/// The text to print, if any.
pub(crate) fn generate(request: GenerateRequest) -> Result<String> {
    match request {
        GenerateRequest::Completions { shell, command } => Ok(completions::script(shell, *command)),
        GenerateRequest::Man { dir, command } => man(&dir, *command).map(|()| String::new()),
        GenerateRequest::Schema(schema) => Ok(schema.text().to_owned()),
    }
}

/// Writes `pairbench.1`, `pairbench-run.1`, ….
fn man(dir: &Path, command: Command) -> Result<()> {
    files::writable_dir(dir).map_err(|e| e.hint("choose another directory"))?;
    let pages = man_pages::pages(command)
        .map_err(|e| Error::io(format!("failed to write man pages: {}", dir.display()), e))?;
    for page in pages {
        files::write_atomic(&dir.join(&page.name), &page.text)?;
    }
    Ok(())
}

impl Schema {
    /// The JSON Schema (draft 2020-12); its `description` says of what.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Summary => include_str!("../../docs/schema/summary.v2.json"),
            Self::Comparison => include_str!("../../docs/schema/comparison.v1.json"),
            Self::Run => include_str!("../../docs/schema/run.v1.json"),
            Self::Error => include_str!("../../docs/schema/error.v1.json"),
            Self::Progress => include_str!("../../docs/schema/progress.v1.json"),
            Self::Pairs => include_str!("../../docs/schema/pairs.v1.json"),
            Self::List => include_str!("../../docs/schema/list.v1.json"),
            Self::Verdicts => include_str!("../../docs/schema/verdicts.v2.json"),
            Self::Rank => include_str!("../../docs/schema/rank.v1.json"),
        }
    }
}
