//! What a file of the hub's cache must contain, and whether it does.

use std::path::{Path, PathBuf};

use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::hub::cache;
use crate::support::hub::listing::ContentHash;

/// Computes a [`ContentHash`].
pub(crate) enum Hasher {
    Git(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    /// For contents of `size` bytes, which is part of git's object.
    pub(crate) fn new(expected: &ContentHash, size: u64) -> Self {
        match expected {
            ContentHash::Git(_) => Self::Git(Sha1::new_with_prefix(format!("blob {size}\0"))),
            ContentHash::Sha256(_) => Self::Sha256(Sha256::new()),
        }
    }

    pub(crate) fn update(&mut self, piece: &[u8]) {
        match self {
            Self::Git(hash) => hash.update(piece),
            Self::Sha256(hash) => hash.update(piece),
        }
    }

    pub(crate) fn hex(&self) -> String {
        match self {
            Self::Git(hash) => files::hex(&hash.clone().finalize()),
            Self::Sha256(hash) => files::hex(&hash.clone().finalize()),
        }
    }
}

/// What the hub says of a file in its cache.
pub(crate) struct ExpectedContent {
    /// Known from a listing, not from a blob's name.
    size: Option<u64>,
    hash: ContentHash,
    /// What to remove if it is something else.
    blame: PathBuf,
}

impl ExpectedContent {
    /// By the kept listing of the file's commit, else by the name of the blob that it links to.
    /// None outside a cache, and for what a user put into one.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let target = std::fs::read_link(path).ok();
        let linked = target.as_deref().and_then(|target| {
            let is_blob = target.parent()?.file_name()? == "blobs";
            ContentHash::parse(target.file_name()?.to_str()?).filter(|_| is_blob)
        });
        let blob = path.parent()?.join(target.unwrap_or_default());
        if let Some(entry) = cache::listed(path) {
            let is_its_blob = linked.as_ref() == Some(&entry.hash);
            return Some(Self {
                size: Some(entry.size),
                hash: entry.hash,
                blame: if is_its_blob { blob } else { path.to_owned() },
            });
        }
        linked.map(|hash| Self {
            size: None,
            hash,
            blame: blob,
        })
    }

    /// Compares the file with it. `sha256`: of the file.
    ///
    /// # Errors
    /// Another content.
    pub(crate) fn verify_file(&self, path: &Path, sha256: &str) -> Result<()> {
        if matches!(self.hash, ContentHash::Sha256(_)) {
            return self.verify(path, sha256);
        }
        let failed = |e| Error::io(format!("failed to read file: {}", path.display()), e);
        let mut file = files::open(path)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut hasher = Hasher::new(&self.hash, size);
        files::in_pieces(&mut file, |piece| hasher.update(piece)).map_err(failed)?;
        self.verify(path, &hasher.hex())
    }

    /// Compares what was read from the file with it.
    ///
    /// # Errors
    /// Another content.
    pub(crate) fn verify_bytes(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let mut hasher = Hasher::new(&self.hash, bytes.len() as u64);
        hasher.update(bytes);
        self.verify(path, &hasher.hex())
    }

    fn verify(&self, path: &Path, found: &str) -> Result<()> {
        if found == self.hash.hex() {
            return Ok(());
        }
        let kind = match self.hash {
            ContentHash::Git(_) => "git SHA-1",
            ContentHash::Sha256(_) => "SHA-256",
        };
        let mut cause = format!(
            "its {kind} is {found}, its name in the cache says {}",
            self.hash.hex()
        );
        if let Some(size) = self.size {
            let has = std::fs::metadata(path).map_or(0, |meta| meta.len());
            cause = format!(
                "its {kind} is {found} ({has} bytes), the hub's listing says {} ({size} bytes)",
                self.hash.hex()
            );
        }
        let hint = format!(
            "it is damaged or was changed; remove {} and fetch it again",
            self.blame.display()
        );
        let what = format!("failed to verify file: {}", path.display());
        Err(Error::bad_input(what).caused_by(cause).hint(hint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'hello\n' | git hash-object --stdin`, and `sha256sum` of the same.
    #[test]
    fn hashes_are_those_of_git_and_of_sha256sum() {
        for hash in [
            "ce013625030ba8dba906f756967f9e9ca394464a",
            "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
        ] {
            let mut hasher = Hasher::new(&ContentHash::parse(hash).unwrap(), 6);
            hasher.update(b"hel");
            hasher.update(b"lo\n");
            assert_eq!(hasher.hex(), hash);
        }
        for no in [
            "",
            "ce01",
            "CE013625030BA8DBA906F756967F9E9CA394464A",
            "../x",
        ] {
            assert_eq!(ContentHash::parse(no), None);
        }
    }
}
