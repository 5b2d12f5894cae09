//! The hub's cache on disk, in the layout that the Python client reads and writes:
//! `models--OWNER--NAME/{refs/REVISION, snapshots/COMMIT/FILE -> ../../blobs/ETAG, blobs/ETAG}`.

use std::path::{Path, PathBuf};

#[cfg(feature = "hub")]
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::hub::repository::{Repository, Snapshot, is_commit};

/// The directory that all hub clients of a user share.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// `HF_HUB_CACHE`, else `HUGGINGFACE_HUB_CACHE`, else `hub` below the hub's home.
    pub(crate) fn from_environment() -> Self {
        let root = files::variable("HF_HUB_CACHE")
            .or_else(|| files::variable("HUGGINGFACE_HUB_CACHE"))
            .unwrap_or_else(|| hub_home().join("hub"));
        Self { root }
    }

    /// Its directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of a repository.
    pub(crate) fn home(&self, repository: &Repository) -> PathBuf {
        self.root.join(format!(
            "{}--{}--{}",
            repository.kind.plural(),
            repository.owner,
            repository.name
        ))
    }

    /// The snapshot of the revision, where the cache has one.
    pub(crate) fn snapshot(&self, repository: &Repository) -> Option<Snapshot> {
        let home = self.home(repository);
        let commit = if is_commit(&repository.revision) {
            repository.revision.clone()
        } else {
            std::fs::read_to_string(home.join("refs").join(&repository.revision))
                .ok()?
                .trim()
                .to_owned()
        };
        let directory = home.join("snapshots").join(&commit);
        (is_commit(&commit) && directory.is_dir()).then_some(Snapshot { directory, commit })
    }
}

/// `HF_HOME`, else `huggingface` in the user's cache directory.
pub(crate) fn hub_home() -> PathBuf {
    files::variable("HF_HOME").unwrap_or_else(|| files::user_caches().join("huggingface"))
}

#[cfg(feature = "hub")]
impl Cache {
    /// The path of a file of the commit, whether or not it exists.
    pub(crate) fn file(&self, repository: &Repository, commit: &str, name: &str) -> PathBuf {
        self.home(repository)
            .join("snapshots")
            .join(commit)
            .join(name)
    }

    /// The path of a file's content, whether or not it exists.
    pub(crate) fn blob(&self, repository: &Repository, etag: &str) -> PathBuf {
        self.home(repository).join("blobs").join(etag)
    }

    /// Waits until no other process downloads this blob, with a message if it must. On a file
    /// system without locks two processes both download it, and the second to finish replaces the
    /// first's file.
    pub(crate) fn lock(&self, repository: &Repository, etag: &str) -> Option<std::fs::File> {
        let directory = self
            .root
            .join(".locks")
            .join(self.home(repository).file_name()?);
        std::fs::create_dir_all(&directory).ok()?;
        let file = std::fs::File::create(directory.join(format!("{etag}.lock"))).ok()?;
        if matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)) {
            crate::support::terminal::say(&format!(
                "waiting for another process that downloads from {repository}"
            ));
            file.lock().ok()?;
        }
        Some(file)
    }

    /// A temporary file beside the blobs, removed when dropped unless [`Cache::keep`] renames it.
    pub(crate) fn part(&self, repository: &Repository) -> Result<tempfile::NamedTempFile> {
        let blobs = self.home(repository).join("blobs");
        let failed = |e| {
            Error::io(
                format!("failed to write to the hub's cache: {}", blobs.display()),
                e,
            )
            .hint("set HF_HUB_CACHE to a directory with room")
        };
        std::fs::create_dir_all(&blobs).map_err(failed)?;
        tempfile::Builder::new()
            .prefix(".pairbench-")
            .suffix(".incomplete")
            .tempfile_in(&blobs)
            .map_err(failed)
    }

    /// Renames a verified download to the name of its content.
    pub(crate) fn keep(
        &self,
        repository: &Repository,
        etag: &str,
        part: tempfile::NamedTempFile,
    ) -> Result<()> {
        let blob = self.blob(repository, etag);
        let failed = |e| {
            Error::io(
                format!("failed to write to the hub's cache: {}", blob.display()),
                e,
            )
        };
        part.as_file().sync_all().map_err(failed)?;
        files::set_ordinary_permissions(part.as_file()).map_err(failed)?;
        part.persist(&blob).map_err(|e| failed(e.error))?;
        Ok(())
    }

    /// Makes the file of the commit point to its blob.
    pub(crate) fn link(
        &self,
        repository: &Repository,
        commit: &str,
        name: &str,
        etag: &str,
    ) -> Result<()> {
        let (file, blob) = (
            self.file(repository, commit, name),
            self.blob(repository, etag),
        );
        let failed = |e| {
            Error::io(
                format!("failed to write to the hub's cache: {}", file.display()),
                e,
            )
        };
        std::fs::create_dir_all(file.parent().unwrap_or(&self.root)).map_err(failed)?;
        if std::fs::symlink_metadata(&file).is_ok() && !file.exists() {
            // A link to a blob that was removed.
            std::fs::remove_file(&file).map_err(failed)?;
        }
        match point(&blob, &file, name) {
            Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(failed(e)),
            _ => Ok(()),
        }
    }

    /// Records the commit of the revision.
    pub(crate) fn set_commit(&self, repository: &Repository, commit: &str) -> Result<()> {
        let path = self
            .home(repository)
            .join("refs")
            .join(&repository.revision);
        if is_commit(&repository.revision)
            || std::fs::read_to_string(&path).is_ok_and(|known| known == commit)
        {
            return Ok(());
        }
        let failed = |e| {
            Error::io(
                format!("failed to write to the hub's cache: {}", path.display()),
                e,
            )
        };
        std::fs::create_dir_all(path.parent().unwrap_or(&self.root)).map_err(failed)?;
        files::write_atomic(&path, commit.as_bytes())
    }
}

/// Creates a relative symbolic link, as the Python client does.
#[cfg(all(feature = "hub", unix))]
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
#[cfg(all(feature = "hub", not(unix)))]
fn point(blob: &Path, file: &Path, _: &str) -> std::io::Result<()> {
    std::fs::hard_link(blob, file).or_else(|_| std::fs::copy(blob, file).map(drop))
}
