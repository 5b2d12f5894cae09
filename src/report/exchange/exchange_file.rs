//! What is to be written for another program.

use std::path::PathBuf;

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExchangeFile {
    /// Relative, of names that are safe on every system.
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

/// The files of one model, and what a reader must know of them.
pub(crate) struct Exchanged {
    pub(crate) files: Vec<ExchangeFile>,
    pub(crate) notes: Vec<String>,
}
