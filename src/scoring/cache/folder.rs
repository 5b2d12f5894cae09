//! The files of the cache, to be counted and removed.

use std::fs::DirEntry;
use std::path::{Path, PathBuf};

use crate::scoring::cache::file;
use crate::support::cache_folder::kernels;
use crate::support::error::{Error, Result};

/// Where verdicts are.
pub(super) fn verdicts(folder: &Path) -> PathBuf {
    folder.join("verdicts")
}

/// The files of the cache with their sizes in bytes, and nothing that is not the cache's.
pub(crate) fn files(folder: &Path) -> Result<Vec<(PathBuf, u64)>> {
    let sized = |entry: DirEntry| (entry.path(), entry.metadata().map_or(0, |meta| meta.len()));
    Ok(entries(folder)?.into_iter().map(sized).collect())
}

/// What has the name of a file of the cache.
fn entries(folder: &Path) -> Result<Vec<DirEntry>> {
    let dir = verdicts(folder);
    let failed = |e| Error::io(format!("failed to list directory: {}", dir.display()), e);
    let entries = match std::fs::read_dir(&dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_dir && is_ours(&entry.file_name().to_string_lossy()) {
            found.push(entry);
        }
    }
    Ok(found)
}

fn is_ours(name: &str) -> bool {
    let is_hash =
        |text: &str| text.len() == 64 && text.chars().all(|digit| digit.is_ascii_hexdigit());
    name.strip_suffix(".jsonl").is_some_and(is_hash)
}

/// How many verdicts a file has; `None` where it is none that is read.
pub(crate) fn lines_of(path: &Path) -> Option<usize> {
    let mut n = 0;
    let count = |line: &[u8]| n += usize::from(line != b"\n");
    file::lines(path, count).ok().map(|()| n)
}

/// The database of kernels, in its parts.
pub(crate) fn kernel_files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let entries = std::fs::read_dir(kernels(folder))
        .into_iter()
        .flatten()
        .flatten();
    let is_ours = |entry: &DirEntry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with("default.db")
    };
    entries
        .filter(is_ours)
        .map(|entry| (entry.path(), entry.metadata().map_or(0, |meta| meta.len())))
        .collect()
}

/// Removes both.
pub(crate) fn clear(folder: &Path) -> Result<usize> {
    let mut files = files(folder)?;
    files.extend(kernel_files(folder));
    for (file, _) in &files {
        std::fs::remove_file(file)
            .map_err(|e| Error::io(format!("failed to remove file: {}", file.display()), e))?;
    }
    Ok(files.len())
}
