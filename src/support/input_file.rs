//! Input files and directories: on disk, or embedded in the binary.

use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::hub::ExpectedContent;

/// A directory of this repository that is embedded in the binary: its files by name.
#[derive(Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The directory, relative to the repository's root.
    pub path: &'static str,
    pub files: &'static [(&'static str, &'static [u8])],
}

impl Embedded {
    pub fn file(&self, name: &str) -> Option<&'static [u8]> {
        self.files
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, bytes)| *bytes)
    }
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputFile {
    OnDisk(PathBuf),
    Embedded(&'static Embedded, String),
    /// What came from standard input, read once.
    Stdin(Arc<[u8]>),
}

impl From<&Path> for InputFile {
    fn from(path: &Path) -> Self {
        Self::OnDisk(path.to_owned())
    }
}

/// How standard input is called where a path is expected.
pub(crate) const STDIN: &str = "-";

/// How it is called in errors and records.
pub(crate) const STANDARD_INPUT: &str = "standard input";

impl InputFile {
    /// Reads standard input to its end.
    pub(crate) fn stdin() -> Result<Self> {
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .map_err(|e| Error::io("failed to read standard input", e))?;
        Ok(Self::Stdin(bytes.into()))
    }

    /// The path that errors and reports show.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::OnDisk(path) => path.clone(),
            Self::Embedded(directory, name) => Path::new(directory.path).join(name),
            Self::Stdin(_) => STANDARD_INPUT.into(),
        }
    }

    pub fn exists(&self) -> bool {
        match self {
            Self::OnDisk(path) => path.exists(),
            Self::Embedded(directory, name) => directory.file(name).is_some(),
            Self::Stdin(_) => true,
        }
    }

    /// Its size in bytes.
    pub fn size(&self) -> Result<u64> {
        match self {
            Self::OnDisk(path) => Ok(files::open(path)?
                .metadata()
                .map_err(|e| Error::io(format!("failed to read file: {}", path.display()), e))?
                .len()),
            Self::Embedded(..) => Ok(self.embedded()?.len() as u64),
            Self::Stdin(bytes) => Ok(bytes.len() as u64),
        }
    }

    /// The whole content. A file in the hub's cache must be what the hub says it is.
    pub fn bytes(&self) -> Result<Cow<'static, [u8]>> {
        match self {
            Self::OnDisk(path) => {
                let bytes = files::read(path)?;
                if let Some(expected) = ExpectedContent::of(path) {
                    expected.verify_bytes(path, &bytes)?;
                }
                Ok(Cow::Owned(bytes))
            }
            Self::Embedded(..) => self.embedded().map(Cow::Borrowed),
            Self::Stdin(bytes) => Ok(Cow::Owned(bytes.to_vec())),
        }
    }

    /// The whole content as UTF-8, without a byte-order mark.
    pub fn text(&self) -> Result<String> {
        files::to_text(self.bytes()?.into_owned(), &self.path())
    }

    /// Hexadecimal SHA-256. A file in the hub's cache must be what the hub says it is.
    pub fn sha256(&self) -> Result<String> {
        match self {
            Self::OnDisk(path) => {
                let hash = files::sha256(path)?;
                if let Some(expected) = ExpectedContent::of(path) {
                    expected.verify_file(path, &hash)?;
                }
                Ok(hash)
            }
            Self::Embedded(..) => Ok(files::hex(&Sha256::digest(self.embedded()?))),
            Self::Stdin(bytes) => Ok(files::digest(bytes)),
        }
    }

    fn embedded(&self) -> Result<&'static [u8]> {
        let found = if let Self::Embedded(directory, name) = self {
            directory.file(name)
        } else {
            None
        };
        found.ok_or_else(|| {
            Error::unavailable(format!("failed to find file: {}", self.path().display()))
        })
    }
}

/// A directory, whose files are found by name.
#[derive(Debug, Clone)]
pub enum Directory {
    OnDisk(PathBuf),
    Embedded(&'static Embedded),
}

impl From<&Path> for Directory {
    fn from(path: &Path) -> Self {
        Self::OnDisk(path.to_owned())
    }
}

impl Directory {
    /// The path that errors show.
    pub fn path(&self) -> &Path {
        match self {
            Self::OnDisk(path) => path,
            Self::Embedded(embedded) => Path::new(embedded.path),
        }
    }

    pub fn file(&self, name: &str) -> InputFile {
        match self {
            Self::OnDisk(path) => InputFile::OnDisk(path.join(name)),
            Self::Embedded(embedded) => InputFile::Embedded(embedded, name.to_owned()),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.file(name).exists()
    }

    pub fn json(&self, name: &str) -> Result<serde_json::Value> {
        let file = self.file(name);
        serde_json::from_str(&file.text()?).map_err(|e| {
            Error::bad_input(format!("failed to parse JSON: {}", file.path().display()))
                .caused_by(e)
        })
    }

    /// The error for a file without which a checkpoint cannot be loaded.
    pub fn missing(&self, name: &str) -> Error {
        Error::unavailable(format!(
            "failed to find file: {}",
            self.file(name).path().display()
        ))
        .hint(
            "a checkpoint directory holds config.json, tokenizer.json or spm.model, and \
                 model.safetensors",
        )
    }
}
