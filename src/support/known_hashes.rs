//! SHA-256 of large files, kept from one run to the next in the cache folder. On Unix: elsewhere no
//! time is known that every write changes.
//!
//! As in git's index ("racy-git", git's technical documentation), a file is the one that was hashed
//! while nothing that the file system says of it has changed: device, inode, size, and the times
//! when content and inode last did. Every write changes the last, which no program can set. What
//! changed a moment before it was hashed is not kept: a second change might bear the same time.
//!
//! A file's name here is the hash of what the file system says, so that no path is kept. It is a
//! convenience: what is damaged or cannot be written is done without.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::support::cache_folder;
use crate::support::error::Result;
use crate::support::files;

/// Hexadecimal SHA-256 of a file.
pub(crate) fn sha256(path: &Path) -> Result<String> {
    let Some(folder) = cache_folder::folder() else {
        return files::sha256(path);
    };
    let hashes = KnownHashes {
        folder: cache_folder::hashes(&folder),
        large: 64 << 20,
        settled: Duration::from_secs(5),
    };
    hashes.sha256(path)
}

struct KnownHashes {
    folder: PathBuf,
    /// Files below this many bytes are hashed in less time than it would matter.
    large: u64,
    /// How long a file must have been as it is: longer than the clocks of file systems tick.
    settled: Duration,
}

impl KnownHashes {
    fn sha256(&self, path: &Path) -> Result<String> {
        let Some(before) = Identity::of(path).filter(|file| file.size >= self.large) else {
            return files::sha256(path);
        };
        let place = self.folder.join(before.name());
        if let Some(hash) = read(&place) {
            return Ok(hash);
        }
        let may_keep = before.is_older_than(self.settled);
        let hash = files::sha256(path)?;
        if may_keep && Identity::of(path) == Some(before) {
            write(&place, &hash);
        }
        Ok(hash)
    }
}

/// What the file system says of a file.
#[derive(PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds since 1970.
    content_changed: (i64, i64),
    inode_changed: (i64, i64),
}

impl Identity {
    /// `None` for what is no file.
    fn of(path: &Path) -> Option<Self> {
        let meta = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
        Some(Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.len(),
            content_changed: (meta.mtime(), meta.mtime_nsec()),
            inode_changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }

    fn is_older_than(&self, age: Duration) -> bool {
        let (seconds, _) = self.content_changed.max(self.inode_changed);
        let changed = u64::try_from(seconds).map(Duration::from_secs);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        matches!((changed, now), (Ok(changed), Ok(now)) if changed + age <= now)
    }

    fn name(&self) -> String {
        let Self {
            device,
            inode,
            size,
            content_changed: (content, content_ns),
            inode_changed: (changed, changed_ns),
        } = self;
        files::digest(format!(
            "{device} {inode} {size} {content}.{content_ns:09} {changed}.{changed_ns:09}"
        ))
    }
}

/// The hash at a place, unless it is damaged.
fn read(place: &Path) -> Option<String> {
    let text = files::read_text(place).ok()?;
    let hash = text.get(..64)?;
    (text == line(place, hash)).then(|| hash.to_owned())
}

fn write(place: &Path, hash: &str) {
    if let Some(folder) = place.parent()
        && std::fs::create_dir_all(folder).is_ok()
    {
        let _ = files::write_atomic(place, line(place, hash).as_bytes());
    }
}

/// A hash, and a checksum over it and the place for which it is.
fn line(place: &Path, hash: &str) -> String {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    format!("{hash} {}\n", files::digest(format!("{name} {hash}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST's example of FIPS 180-2, B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn hashes(folder: &Path, settled: Duration) -> KnownHashes {
        KnownHashes {
            folder: folder.join("hashes"),
            large: 3,
            settled,
        }
    }

    fn kept(hashes: &KnownHashes) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&hashes.folder).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn a_file_that_has_not_changed_is_not_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let (file, hashes) = (dir.path().join("file"), hashes(dir.path(), Duration::ZERO));
        std::fs::write(&file, "abc").unwrap();
        assert_eq!(hashes.sha256(&file).unwrap(), ABC);
        // What is kept is believed, wherever the file is.
        let place = kept(&hashes).remove(0);
        let other = "0".repeat(64);
        std::fs::write(&place, line(&place, &other)).unwrap();
        assert_eq!(hashes.sha256(&file).unwrap(), other);
        std::os::unix::fs::symlink(&file, dir.path().join("link")).unwrap();
        assert_eq!(hashes.sha256(&dir.path().join("link")).unwrap(), other);
        // Unless it is damaged, or another file's.
        for damaged in ["", ABC, &line(Path::new("another"), &other)] {
            std::fs::write(&place, damaged).unwrap();
            assert_eq!(hashes.sha256(&file).unwrap(), ABC, "{damaged}");
        }
    }

    #[test]
    fn a_file_that_has_changed_is_hashed_again() {
        let dir = tempfile::tempdir().unwrap();
        let (file, hashes) = (dir.path().join("file"), hashes(dir.path(), Duration::ZERO));
        std::fs::write(&file, "abd").unwrap();
        let meta = std::fs::metadata(&file).unwrap();
        assert_ne!(hashes.sha256(&file).unwrap(), ABC);
        // Longer than the clock of a file system ticks.
        std::thread::sleep(Duration::from_millis(50));
        // The same size, the same inode, and a time that was set back.
        std::fs::write(&file, "abc").unwrap();
        let opened = std::fs::File::options().write(true).open(&file).unwrap();
        opened.set_modified(meta.modified().unwrap()).unwrap();
        assert_eq!(
            std::fs::metadata(&file).unwrap().mtime_nsec(),
            meta.mtime_nsec()
        );
        assert_eq!(hashes.sha256(&file).unwrap(), ABC);
        assert_eq!(kept(&hashes).len(), 2);
    }

    #[test]
    fn what_is_small_or_has_just_changed_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "abc").unwrap();
        let careful = hashes(dir.path(), Duration::from_hours(1));
        assert_eq!(careful.sha256(&file).unwrap(), ABC);
        let of_large = KnownHashes {
            large: 4,
            ..hashes(dir.path(), Duration::ZERO)
        };
        assert_eq!(of_large.sha256(&file).unwrap(), ABC);
        assert_eq!(kept(&careful), Vec::<PathBuf>::new());
        assert!(of_large.sha256(&dir.path().join("none")).is_err());
    }
}
