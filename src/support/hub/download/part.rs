//! The content of a file while it is downloaded, and its verification.

use std::io;
use std::path::Path;

use crate::support::hub::content::Hasher;
use crate::support::hub::download::failure::Failure;
use crate::support::hub::download::part_file::PartFile;
use crate::support::hub::listing::Entry;

/// A download that is not yet complete and verified.
pub(super) struct Part<'a> {
    file: PartFile,
    entry: &'a Entry,
    /// Bytes so far.
    pub(super) done: u64,
    /// The first bytes, for the error.
    head: Vec<u8>,
    hasher: Hasher,
}

impl<'a> Part<'a> {
    /// Continues what is in the file.
    pub(super) fn new(file: PartFile, entry: &'a Entry) -> Result<Self, Failure> {
        let mut part = Self {
            file,
            entry,
            done: 0,
            head: Vec::new(),
            hasher: Hasher::new(&entry.hash, entry.size),
        };
        if part.file.size().is_ok_and(|size| size > entry.size) {
            part.restart()?;
        }
        let (done, hasher) = (&mut part.done, &mut part.hasher);
        let read = part.file.read_again(|piece| {
            *done += piece.len() as u64;
            hasher.update(piece);
        });
        read.map_err(|e| unwritable(&e))?;
        Ok(part)
    }

    pub(super) fn add(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.file.append(piece).map_err(|e| unwritable(&e))?;
        self.remember(piece);
        self.hasher.update(piece);
        self.done += piece.len() as u64;
        Ok(())
    }

    /// Remembers the beginning of the content.
    pub(super) fn remember(&mut self, piece: &[u8]) {
        self.head
            .extend(piece.iter().take(40 - self.head.len().min(40)));
    }

    /// For the error, where the content is a page of HTML: how it begins.
    pub(super) fn begins(&self) -> String {
        let page = self.head.trim_ascii_start().starts_with(b"<");
        if page {
            format!(
                "; they begin with {:?}",
                String::from_utf8_lossy(&self.head)
            )
        } else {
            String::new()
        }
    }

    /// Drops what came so far.
    pub(super) fn restart(&mut self) -> Result<(), Failure> {
        self.file.clear().map_err(|e| unwritable(&e))?;
        (self.done, self.head) = (0, Vec::new());
        self.hasher = Hasher::new(&self.entry.hash, self.entry.size);
        Ok(())
    }

    /// What is wrong with the complete content.
    pub(super) fn mismatch(&self) -> Option<String> {
        let Entry { size, hash, .. } = self.entry;
        if self.done > *size {
            return Some(format!(
                "the server sent more than the {size} bytes of the file"
            ));
        }
        let found = self.hasher.hex();
        (found != hash.hex()).then(|| {
            let listed = hash.hex();
            format!("what the server sent has hash {found}, the listing says {listed}")
        })
    }

    /// Gives the verified content its name.
    pub(super) fn rename(self, to: &Path) -> io::Result<()> {
        self.file.rename(to)
    }
}

fn unwritable(error: &io::Error) -> Failure {
    Failure::fatal(
        format!("failed to write to the cache: {error}"),
        "make room, or set HF_HUB_CACHE to another disk",
    )
}
