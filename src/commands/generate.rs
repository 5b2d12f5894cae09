//! Shell completions and man pages, from the same definitions as the help, and the schemas of JSON
//! documents.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{Cli, Document};
use crate::support::error::{Error, Result};
use crate::support::files;

/// A completion script.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "pairbench", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Writes `pairbench.1`, `pairbench-run.1`, ….
pub fn man(dir: &Path) -> Result<()> {
    files::writable_dir(dir)?;
    let failed = |e| Error::io(format!("failed to write man pages: {}", dir.display()), e);
    // Elsewhere first: clap_mangen would write through a link that has a page's name.
    let pages = tempfile::tempdir().map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), pages.path()).map_err(failed)?;
    for name in files::files_below(pages.path())? {
        files::write_atomic(&dir.join(&name), &files::read(&pages.path().join(&name))?)?;
    }
    Ok(())
}

/// The JSON Schema of a document; its `description` says which.
pub fn schema(document: Document) -> &'static str {
    match document {
        Document::Summary => include_str!("../../docs/schema/summary.v1.json"),
        Document::Comparison => include_str!("../../docs/schema/comparison.v1.json"),
        Document::Run => include_str!("../../docs/schema/run.v1.json"),
        Document::Error => include_str!("../../docs/schema/error.v1.json"),
    }
}
