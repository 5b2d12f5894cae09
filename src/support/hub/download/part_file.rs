//! The unfinished file of a download in the hub's cache.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::support::files;
use crate::support::hub::listing::ContentHash;

const PREFIX: &str = ".pairbench-";
const SUFFIX: &str = ".incomplete";

/// A file that gets its name when it is complete. What a broken download leaves is continued by the
/// next one, if only one process at a time writes to it; otherwise it is removed.
pub(super) struct PartFile {
    file: File,
    path: PathBuf,
    /// Whether it stays when this is dropped.
    stays: bool,
}

impl PartFile {
    /// The file that an earlier download of the content left, else a new one.
    pub(super) fn resume(blobs: &Path, hash: &ContentHash) -> io::Result<Self> {
        Self::open(blobs.join(format!("{PREFIX}{}{SUFFIX}", hash.hex())), true)
    }

    /// A new one that no other process writes to.
    pub(super) fn create(blobs: &Path, hash: &ContentHash) -> io::Result<Self> {
        let process = std::process::id();
        let name = format!("{PREFIX}{}-{process}{SUFFIX}", hash.hex());
        let mut part = Self::open(blobs.join(name), false)?;
        part.clear()?;
        Ok(part)
    }

    fn open(path: PathBuf, stays: bool) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let file = files::without_links(&mut options).open(&path)?;
        Ok(Self { file, path, stays })
    }

    /// The hash in the name of such a file.
    pub(super) fn content_of(name: &str) -> Option<&str> {
        let middle = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
        middle.split('-').next()
    }

    /// Reads what is there, piece by piece.
    pub(super) fn read_again(&mut self, take: impl FnMut(&[u8])) -> io::Result<()> {
        self.file.rewind()?;
        files::in_pieces(&mut self.file, take)
    }

    pub(super) fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    pub(super) fn append(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::End(0))?;
        self.file.write_all(piece)
    }

    /// Drops the content.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// Gives the verified content its name.
    pub(super) fn rename(mut self, to: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        files::set_ordinary_permissions(&self.file)?;
        std::fs::rename(&self.path, to)?;
        self.stays = true;
        Ok(())
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        let is_empty = self.size().is_ok_and(|size| size == 0);
        if !self.stays || is_empty {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
