//! Writing to the hub's cache.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::hub::cache::Cache;
use crate::support::hub::download::part_file::PartFile;
use crate::support::hub::listing::{ContentHash, Entry, Listing};
use crate::support::hub::repository::{Repository, is_commit};
use crate::support::terminal;

/// A repository in the cache, to write to.
pub(super) struct Store<'a> {
    cache: &'a Cache,
    repository: &'a Repository,
    home: PathBuf,
}

impl<'a> Store<'a> {
    pub(super) fn new(cache: &'a Cache, repository: &'a Repository) -> Self {
        Self {
            cache,
            repository,
            home: cache.home(repository),
        }
    }

    /// The directory of a commit, whether or not it exists.
    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.home.join("snapshots").join(commit)
    }

    /// The path of a content, whether or not it exists.
    pub(super) fn blob(&self, hash: &ContentHash) -> PathBuf {
        self.blobs().join(hash.hex())
    }

    fn blobs(&self) -> PathBuf {
        self.home.join("blobs")
    }

    fn lock_file(&self, name: &str) -> Option<PathBuf> {
        let locks = self.cache.root().join(".locks");
        let file = format!("{name}.lock");
        Some(locks.join(self.home.file_name()?).join(file))
    }

    /// Waits until no other process downloads this content, with a message if it must. On a file
    /// system without locks two processes both download it, and the second to finish replaces the
    /// first's file.
    pub(super) fn lock(&self, hash: &ContentHash) -> Option<File> {
        let path = self.lock_file(hash.hex())?;
        std::fs::create_dir_all(path.parent()?).ok()?;
        let file = File::create(path).ok()?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                terminal::say(&format!(
                    "waiting for another process that downloads from {}",
                    self.repository
                ));
                file.lock().ok()?;
            }
            Err(TryLockError::Error(_)) => return None,
        }
        Some(file)
    }

    /// The unfinished file of a content. `alone`: no other process writes to it, so that what is
    /// there can be continued.
    pub(super) fn part(&self, hash: &ContentHash, alone: bool) -> Result<PartFile> {
        let blobs = self.blobs();
        let opened = std::fs::create_dir_all(&blobs).and_then(|()| {
            if alone {
                PartFile::resume(&blobs, hash)
            } else {
                PartFile::create(&blobs, hash)
            }
        });
        opened.map_err(|e| {
            failed(&blobs, e).hint("set HF_HUB_CACHE to a directory that can be written to")
        })
    }

    /// Makes the file of the commit point to its content.
    pub(super) fn link(&self, commit: &str, entry: &Entry) -> Result<()> {
        let (file, blob) = (
            self.snapshot(commit).join(&entry.name),
            self.blob(&entry.hash),
        );
        let failed = |e| failed(&file, e);
        std::fs::create_dir_all(file.parent().unwrap_or(self.cache.root())).map_err(failed)?;
        if std::fs::symlink_metadata(&file).is_ok() && !file.exists() {
            // A link to a blob that was removed.
            std::fs::remove_file(&file).map_err(failed)?;
        }
        match point(&blob, &file, &entry.name) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(failed(e)),
            _ => Ok(()),
        }
    }

    /// Records the commit of the revision, where that can be written: a cache that many share is
    /// often read-only.
    pub(super) fn set_commit(&self, commit: &str) {
        let revision = &self.repository.revision;
        let path = self.home.join("refs").join(revision);
        let known = std::fs::read_to_string(&path).is_ok_and(|known| known == commit);
        if !is_commit(revision) && !known {
            write_if_possible(&path, commit);
        }
    }

    /// Keeps the listing of a commit, where that can be written.
    pub(super) fn keep_listing(&self, listing: &Listing) {
        if self
            .cache
            .listing(self.repository, &listing.commit)
            .as_ref()
            != Some(listing)
        {
            let path = Cache::own_listing(&self.home, &listing.commit);
            write_if_possible(&path, &listing.to_kept());
        }
    }

    /// Removes what interrupted downloads left, but for those of other processes that go on.
    pub(super) fn remove_unfinished(&self) {
        for entry in std::fs::read_dir(self.blobs())
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = entry.file_name();
            let Some(content) = name.to_str().and_then(PartFile::content_of) else {
                continue;
            };
            let lock = self
                .lock_file(content)
                .and_then(|path| File::open(path).ok());
            if lock.is_none_or(|lock| lock.try_lock().is_ok()) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

fn failed(path: &Path, error: std::io::Error) -> Error {
    let what = format!("failed to write to the hub's cache: {}", path.display());
    Error::io(what, error)
}

fn write_if_possible(path: &Path, text: &str) {
    if let Some(folder) = path.parent()
        && std::fs::create_dir_all(folder).is_ok()
    {
        let _ = files::write_atomic(path, text.as_bytes());
    }
}

/// Creates a relative symbolic link, as the Python client does.
#[cfg(unix)]
fn point(blob: &Path, file: &Path, name: &str) -> std::io::Result<()> {
    let up = "../".repeat(2 + name.matches('/').count());
    std::os::unix::fs::symlink(
        Path::new(&up)
            .join("blobs")
            .join(blob.file_name().unwrap_or_default()),
        file,
    )
}

/// Creates a hard link or, where the file system has none, a copy: symbolic links need a privilege
/// on Windows. The Python client copies there too.
#[cfg(not(unix))]
fn point(blob: &Path, file: &Path, _: &str) -> std::io::Result<()> {
    std::fs::hard_link(blob, file).or_else(|_| std::fs::copy(blob, file).map(drop))
}
