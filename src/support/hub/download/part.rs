//! The content of a file while it is downloaded, and its verification.

use std::io::{Seek, Write};

use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::support::files;
use crate::support::hub::download::failure::Failure;
use crate::support::hub::download::listing::Entry;

/// A download that is not yet complete and verified.
pub(super) struct Part {
    pub(super) file: tempfile::NamedTempFile,
    size: u64,
    /// Bytes so far.
    pub(super) done: u64,
    /// The first bytes, for the error.
    head: Vec<u8>,
    sha256: Sha256,
    sha1: Sha1,
}

impl Part {
    /// `file`: empty.
    pub(super) fn new(file: tempfile::NamedTempFile, entry: &Entry) -> Self {
        // Git hashes an object with its size in front.
        let sha1 = Sha1::new_with_prefix(format!("blob {}\0", entry.size));
        Self {
            file,
            size: entry.size,
            done: 0,
            head: Vec::new(),
            sha256: Sha256::new(),
            sha1,
        }
    }

    pub(super) fn add(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.file.write_all(piece).map_err(|e| {
            Failure::fatal(
                format!("failed to write to the cache: {e}"),
                "make room, or set HF_HUB_CACHE to another disk",
            )
        })?;
        self.remember(piece);
        self.sha256.update(piece);
        self.sha1.update(piece);
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
        let file = self.file.as_file_mut();
        let emptied = file.set_len(0).and_then(|()| file.rewind());
        emptied.map_err(|e| {
            Failure::fatal(
                format!("failed to write to the cache: {e}"),
                "check the disk",
            )
        })?;
        (self.done, self.head) = (0, Vec::new());
        self.sha256.reset();
        self.sha1 = Sha1::new_with_prefix(format!("blob {}\0", self.size));
        Ok(())
    }

    /// What is wrong with the complete content.
    pub(super) fn mismatch(&self, entry: &Entry) -> Option<String> {
        let found = match &entry.lfs {
            Some(_) => files::hex(&self.sha256.clone().finalize()),
            None => files::hex(&self.sha1.clone().finalize()),
        };
        if self.done > entry.size {
            Some(format!(
                "the server sent more than the {} bytes of the file",
                entry.size
            ))
        } else {
            (found != entry.etag()).then(|| {
                format!(
                    "what the server sent has hash {found}, the listing says {}",
                    entry.etag()
                )
            })
        }
    }
}
