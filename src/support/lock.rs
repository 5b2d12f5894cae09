//! One run at a time writes to a directory.
//!
//! The operating system's lock on a hidden file, which names its holder. It ends with the process,
//! however that ends: what a dead process left behind is taken over.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::Utc;
use serde::{Deserialize, Serialize};

use crate::support::error::{Error, Kind, Result};
use crate::support::files;
use crate::support::terminal::say;

const NAME: &str = ".lock";

/// Held until dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
}

#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    started: String,
}

impl Lock {
    /// Makes the directory where there is none, and locks it or says who has.
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
            let file = files::own(OpenOptions::new().read(true).write(true).create(true))
                .open(&path)
                .map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(held(dir, &path)),
                Err(TryLockError::Error(e)) => say(&format!(
                    "{}: this file system has no locks ({e}): see that no other run writes there",
                    dir.display()
                )),
            }
            // The last holder may have removed the file between the opening and the locking.
            if is_at(&file, &path) {
                let mut lock = Self { path, file };
                lock.sign().map_err(failed)?;
                files::sweep(dir);
                return Ok(lock);
            }
        }
    }

    fn sign(&mut self) -> std::io::Result<()> {
        let holder = Holder {
            pid: std::process::id(),
            started: Utc::now().format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        };
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file
            .write_all(serde_json::to_string(&holder)?.as_bytes())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Elsewhere an open file cannot be removed; it stays, and stays harmless.
        if cfg!(unix) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn held(dir: &Path, path: &Path) -> Error {
    // The holder signs right after it has locked.
    let holder = (0..20).find_map(|_| {
        let holder: Option<Holder> = std::fs::read(path)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        holder
            .is_none()
            .then(|| std::thread::sleep(Duration::from_millis(5)));
        holder
    });
    let who = holder.map_or_else(
        || "another process".to_owned(),
        |h| format!("pid {}, since {}", h.pid, h.started),
    );
    Error::new(
        Kind::Locked,
        format!("failed to lock output directory: {}", dir.display()),
    )
    .caused_by(format!("another run is writing there: {who}"))
    .hint("wait for it, or choose another directory with --out")
}

/// Whether the path still leads to this file.
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(error.kind, Kind::Locked);
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
