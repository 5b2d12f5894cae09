//! Shell completions and man pages, from the same definitions as the help.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::error::{Error, Result};
use crate::fsio;

/// A completion script.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "pairbench", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Writes `pairbench.1`, `pairbench-run.1`, ….
pub fn man(dir: &Path) -> Result<()> {
    fsio::writable_dir(dir)?;
    clap_mangen::generate_to(Cli::command(), dir).map_err(|e| Error::io(format!("failed to write man pages: {}", dir.display()), e))
}
