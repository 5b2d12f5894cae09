//! The lock of an output directory: one run at a time writes to it.
//!
//! It is the operating system's lock on a hidden file that names its holder. The system releases it
//! when the process ends, in whatever way: a file that a dead process left is locked again.
//!
//! On Windows, where this was not tested, locks are mandatory: a second run cannot read the
//! holder's name and reports "another process". The file is not removed there, as it is still open
//! when the lock is dropped.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::support::error::{Error, ErrorKind, Result};
use crate::support::files;
use crate::support::terminal::say;

pub(crate) const NAME: &str = ".lock";

/// A locked directory; unlocked when dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
}

/// The content of the lock file.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    started: String,
}

impl Lock {
    /// Creates the directory where it does not exist, and locks it.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`], with the holder's process id, where another process has locked it.
    pub fn take(dir: &Path) -> Result<Self> {
        files::writable_dir(dir)?;
        let path = dir.join(NAME);
        let failed = |e| {
            Error::io(
                format!("failed to lock output directory: {}", dir.display()),
                e,
            )
        };
        loop {
            let file = files::without_links(OpenOptions::new().read(true).write(true).create(true))
                .open(&path)
                .map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(already_locked(dir, &path)),
                Err(TryLockError::Error(e)) => say(&format!(
                    "{}: this file system has no locks ({e}): make sure that no other run \
                     writes there",
                    dir.display()
                )),
            }
            // The previous holder may have removed the file after it was opened here.
            if is_at(&file, &path) {
                let mut lock = Self { path, file };
                lock.write_holder().map_err(failed)?;
                files::remove_unfinished(dir);
                return Ok(lock);
            }
        }
    }

    fn write_holder(&mut self) -> std::io::Result<()> {
        let holder = Holder {
            pid: std::process::id(),
            started: utc(SystemTime::now()),
        };
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file
            .write_all(serde_json::to_string(&holder)?.as_bytes())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Elsewhere an open file cannot be removed; a file that is left does no harm.
        if cfg!(unix) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn already_locked(dir: &Path, path: &Path) -> Error {
    // The holder writes its name right after it has locked the file.
    let holder = (0..20).find_map(|_| {
        let holder: Option<Holder> = std::fs::read(path)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        holder
            .is_none()
            .then(|| std::thread::sleep(Duration::from_millis(5)));
        holder
    });
    let holder = holder.map_or_else(
        || "another process".to_owned(),
        |holder| format!("pid {}, since {}", holder.pid, holder.started),
    );
    Error::new(
        ErrorKind::Locked,
        format!("failed to lock output directory: {}", dir.display()),
    )
    .caused_by(format!("another run is writing there: {holder}"))
    .hint("wait for it, or choose another directory with --out")
}

/// Whether the path still names this file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
    file.metadata().ok().map(id) == std::fs::symlink_metadata(path).ok().map(id)
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// A time as `2026-11-24 12:00:00 UTC`.
fn utc(time: SystemTime) -> String {
    let rfc3339 = humantime::format_rfc3339_seconds(time).to_string();
    rfc3339.replace('T', " ").replace('Z', " UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_utc() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_hours(498_744);
        assert_eq!(utc(time), "2026-11-24 00:00:00 UTC");
    }

    #[test]
    fn the_second_learns_who_is_first_and_a_file_left_behind_does_not_matter() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".pairbench-x.part"), "half a report").unwrap();
        std::fs::write(
            dir.path().join(NAME),
            r#"{"pid":1,"started":"long ago"}, and more than a holder writes"#,
        )
        .unwrap();
        let first = Lock::take(dir.path()).unwrap();
        let error = Lock::take(dir.path()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Locked);
        assert!(
            error
                .render()
                .contains(&format!("pid {}, since 2", std::process::id())),
            "{}",
            error.render()
        );
        drop(first);
        assert!(Lock::take(dir.path()).is_ok());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_planted_in_its_place_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        std::fs::write(&target, "precious").unwrap();
        let out = dir.path().join("out");
        std::fs::create_dir(&out).unwrap();
        std::os::unix::fs::symlink(&target, out.join(NAME)).unwrap();
        assert!(Lock::take(&out).is_err());
        assert_eq!(std::fs::read_to_string(target).unwrap(), "precious");
    }
}
