//! Reading files with their path in the error, and writing them so that a reader sees a whole file
//! or none.
//!
//! On Windows, none of which was tested: a rename replaces a file that other programs have open
//! only where they share it for deletion, as Rust's readers do; where one does not, the write
//! fails, the old file stays and the error says to close it. Renames and removals are not followed
//! by an fsync of the directory, which Windows does not have: NTFS journals names itself, so that
//! after a power failure a file is old or new, but perhaps older than reported.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::support::error::{Error, Result};

/// Reads a regular file whole.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?
        .read_to_end(&mut bytes)
        .map_err(|e| Error::io(format!("failed to read file: {}", path.display()), e))?;
    Ok(bytes)
}

/// Reads a UTF-8 file whole; a byte-order mark at its start is dropped.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    to_text(read(path)?, path)
}

/// Bytes of a file as UTF-8; `path` is for the error.
pub(crate) fn to_text(bytes: Vec<u8>, path: &Path) -> Result<String> {
    let text = String::from_utf8(bytes).map_err(|e| {
        let line = e.as_bytes()[..e.utf8_error().valid_up_to()]
            .split(|b| *b == b'\n')
            .count();
        Error::bad_input(format!("failed to read text: {}:{line}", path.display()))
            .caused_by(e.utf8_error())
            .hint("save the file as UTF-8")
    })?;
    Ok(text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text))
}

/// Opens a regular file. Directories, pipes and devices are refused, so that nothing blocks on
/// them.
pub(crate) fn open(path: &Path) -> Result<File> {
    open_unless(path, |meta| {
        let is = if meta.is_dir() {
            DIRECTORY
        } else {
            "not a regular file"
        };
        (!meta.is_file()).then_some(is)
    })
}

/// Opens what lines come from: a file or a pipe, for which the caller waits.
pub(crate) fn open_stream(path: &Path) -> Result<File> {
    open_unless(path, |meta| meta.is_dir().then_some(DIRECTORY))
}

const DIRECTORY: &str = "a directory";

/// `refused`: what a file is that must not be opened.
fn open_unless(
    path: &Path,
    refused: impl Fn(&std::fs::Metadata) -> Option<&'static str>,
) -> Result<File> {
    let what = format!("failed to open file: {}", path.display());
    let meta = std::fs::metadata(path).map_err(|e| Error::io(what.clone(), e))?;
    if let Some(is) = refused(&meta) {
        let error = Error::bad_input(format!("{what} is {is}"));
        return Err(if is == DIRECTORY {
            error.hint("name the files in it, each by itself")
        } else {
            error
        });
    }
    File::open(path).map_err(|e| Error::io(what, e))
}

/// Fills `into` with the bytes from offset `at` on. Threads may read from one file concurrently.
#[cfg(unix)]
pub(crate) fn read_exact_at(file: &File, into: &mut [u8], at: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, at)
}

/// Fills `into` with the bytes from offset `at` on. Threads may read from one file concurrently.
#[cfg(windows)]
pub(crate) fn read_exact_at(file: &File, mut into: &mut [u8], mut at: u64) -> std::io::Result<()> {
    while !into.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_read(file, into, at)?;
        if n == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        into = &mut into[n..];
        at += n as u64;
    }
    Ok(())
}

/// The user's cache directory.
pub(crate) fn user_caches() -> PathBuf {
    variable("XDG_CACHE_HOME")
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
}

/// A path from the environment, where it is set and not empty.
pub(crate) fn variable(key: &str) -> Option<PathBuf> {
    std::env::var_os(key)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Paths of all files below a directory, relative to it, with `/` on every system, sorted.
pub fn files_below(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut open = vec![String::new()];
    while let Some(prefix) = open.pop() {
        let here = directory.join(&prefix);
        let failed = |e| Error::io(format!("failed to list directory: {}", here.display()), e);
        for entry in std::fs::read_dir(&here).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().map_err(failed)?.is_dir() {
                open.push(name + "/");
            } else {
                names.push(name);
            }
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Hexadecimal SHA-256 of a file, read once in pieces.
pub(crate) fn sha256(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    in_pieces(&mut open(path)?, |piece| hash.update(piece))
        .map_err(|e| Error::io(format!("failed to read file: {}", path.display()), e))?;
    Ok(hex(&hash.finalize()))
}

/// Shows what is left of a file, piece by piece.
pub(crate) fn in_pieces(file: &mut impl Read, mut each: impl FnMut(&[u8])) -> std::io::Result<()> {
    let mut piece = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut piece)?;
        if n == 0 {
            return Ok(());
        }
        each(&piece[..n]);
    }
}

/// Hexadecimal SHA-256 of bytes.
pub(crate) fn digest(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Creates the directory and verifies that a file can be written there: before the work, not after
/// it.
pub(crate) fn writable_dir(dir: &Path) -> Result<()> {
    let failed = |e: std::io::Error| {
        let error = Error::io(
            format!("failed to prepare output directory: {}", dir.display()),
            e,
        );
        error.hint("choose another directory with --out")
    };
    std::fs::create_dir_all(dir).map_err(failed)?;
    part(dir).map_err(failed)?;
    Ok(())
}

/// Prefix and suffix of unfinished files.
const PART: [&str; 2] = [".pairbench-", ".part"];

/// Whether an unfinished file is called so.
pub(crate) fn is_part(name: &str) -> bool {
    name.starts_with(PART[0]) && name.ends_with(PART[1])
}

/// A temporary file, removed when dropped unless it is renamed. It stays behind if the process
/// dies.
fn part(dir: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .prefix(PART[0])
        .suffix(PART[1])
        .tempfile_in(dir)
}

/// Removes unfinished files that a killed process left. Only the holder of the directory's lock may
/// call it.
pub(crate) fn remove_unfinished(dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(is_part) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Writes a temporary file in the same directory, syncs it and renames it: a reader sees the old
/// file or the new one, never a part.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let dir = path
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    persist(stage(&dir, path, bytes)?, path)?;
    sync_directory(&dir);
    Ok(())
}

/// Writes files of a directory as [`write_atomic`] does, but all of them before any is renamed: a
/// full disk leaves the old ones. The last file marks the set as complete: its old version is
/// removed before the others change, and its new version is renamed after them.
pub(crate) fn write_together(dir: &Path, files: &[(&str, Vec<u8>)]) -> Result<()> {
    let staged: Vec<(PathBuf, tempfile::NamedTempFile)> = files
        .iter()
        .map(|(name, bytes)| {
            let path = dir.join(name);
            stage(dir, &path, bytes).map(|file| (path, file))
        })
        .collect::<Result<_>>()
        .map_err(|e| {
            let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
            e.hint(format!(
                "nothing was replaced; {} needs room for {bytes} bytes",
                dir.display()
            ))
        })?;
    if let Some((marker, _)) = staged.last() {
        match std::fs::remove_file(marker) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io(
                    format!("failed to replace file: {}", marker.display()),
                    e,
                ));
            }
            _ => sync_directory(dir),
        }
    }
    for (path, file) in staged {
        persist(file, &path)?;
        crate::support::test_hooks::abort_at(&path);
    }
    sync_directory(dir);
    Ok(())
}

/// A temporary file in `dir` with these bytes, synced; `path` is its name to be.
fn stage(dir: &Path, path: &Path, bytes: &[u8]) -> Result<tempfile::NamedTempFile> {
    let write = || {
        let mut file = part(dir)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        set_ordinary_permissions(file.as_file())?;
        Ok(file)
    };
    write().map_err(|e| Error::io(format!("failed to write file: {}", path.display()), e))
}

fn persist(file: tempfile::NamedTempFile, path: &Path) -> Result<()> {
    let failed = |e: tempfile::PersistError| {
        let is_open = cfg!(windows) && e.error.kind() == std::io::ErrorKind::PermissionDenied;
        let error = Error::io(format!("failed to write file: {}", path.display()), e.error);
        if is_open {
            error.hint("close the program that has the file open")
        } else {
            error
        }
    };
    file.persist(path).map(drop).map_err(failed)
}

/// Makes created, renamed and removed names durable, where the system can.
pub(crate) fn sync_directory(dir: &Path) {
    if cfg!(unix) {
        let _ = File::open(dir).and_then(|dir| dir.sync_all());
    }
}

/// Options for opening a file that this program creates: a symbolic link in its place is refused,
/// and a pipe not waited for.
#[cfg(unix)]
pub(crate) fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags)
}

/// Elsewhere a link is followed: on Windows only privileged users can create one by default.
#[cfg(not(unix))]
pub(crate) fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Makes a temporary file, which is private to its owner, readable for all as other files are.
#[cfg(unix)]
pub(crate) fn set_ordinary_permissions(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
pub(crate) fn set_ordinary_permissions(_: &File) -> std::io::Result<()> {
    Ok(())
}
