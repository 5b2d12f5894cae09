//! Files: reading with the path in the error, writing so that a file is whole or absent.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::support::error::{Error, Result};

/// Reads a regular file whole.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?
        .read_to_end(&mut bytes)
        .map_err(|e| Error::io(format!("failed to read file: {}", path.display()), e))?;
    Ok(bytes)
}

/// Reads a UTF-8 file whole; a byte-order mark at its start is dropped.
pub fn read_text(path: &Path) -> Result<String> {
    to_text(read(path)?, path)
}

/// Bytes of a file as UTF-8; `path` is for the error.
pub fn to_text(bytes: Vec<u8>, path: &Path) -> Result<String> {
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

/// Opens a regular file. Directories, pipes and devices are refused before anything blocks on them.
pub fn open(path: &Path) -> Result<File> {
    let failed = |e| Error::io(format!("failed to open file: {}", path.display()), e);
    let meta = std::fs::metadata(path).map_err(failed)?;
    if !meta.is_file() {
        return Err(Error::bad_input(format!(
            "failed to open file: {} is not a regular file",
            path.display()
        )));
    }
    File::open(path).map_err(failed)
}

/// Fills `into` from this place of the file on; threads may do so at once.
#[cfg(unix)]
pub fn read_exact_at(file: &File, into: &mut [u8], at: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, at)
}

/// Fills `into` from this place of the file on; threads may do so at once.
#[cfg(windows)]
pub fn read_exact_at(file: &File, mut into: &mut [u8], mut at: u64) -> std::io::Result<()> {
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
pub fn user_caches() -> PathBuf {
    variable("XDG_CACHE_HOME")
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
}

/// A path from the environment, where it is set and not empty.
pub fn variable(key: &str) -> Option<PathBuf> {
    std::env::var_os(key)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Names of all files below a directory, relative to it with `/`, in order.
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
                open.push(name + "/")
            } else {
                names.push(name)
            }
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Hexadecimal SHA-256 of a file, read once in pieces.
pub fn sha256(path: &Path) -> Result<String> {
    let mut file = open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0u8; 1 << 20];
    loop {
        let n = file
            .read(&mut piece)
            .map_err(|e| Error::io(format!("failed to read file: {}", path.display()), e))?;
        if n == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&piece[..n]);
    }
}

/// Hexadecimal SHA-256 of bytes.
pub fn digest(bytes: impl AsRef<[u8]>) -> String {
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

/// Makes the directory and proves that a file can be written there: before the work, not after it.
pub fn writable_dir(dir: &Path) -> Result<()> {
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

const PART: [&str; 2] = [".pairbench-", ".part"];

/// A file that is gone again, unless it gets a name or its process dies.
fn part(dir: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .prefix(PART[0])
        .suffix(PART[1])
        .tempfile_in(dir)
}

/// Removes what a process that died was about to write here. Only for who has locked the directory.
pub fn sweep(dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name
            .to_str()
            .is_some_and(|name| name.starts_with(PART[0]) && name.ends_with(PART[1]))
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Writes a file beside its final name, syncs it and renames it: a reader sees the old file or the
/// new one, never a part.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let dir = path
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    persist(stage(&dir, path, bytes)?, path)?;
    sync_directory(&dir);
    Ok(())
}

/// Writes the files of a directory as [`write_atomic`] does, but all of them before any is renamed:
/// a full disk leaves what was there. The last one vouches for the others, so its old version goes
/// before they change and its new one comes after them.
pub fn write_together(dir: &Path, files: &[(&str, Vec<u8>)]) -> Result<()> {
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
    if let Some((voucher, _)) = staged.last() {
        match std::fs::remove_file(voucher) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io(
                    format!("failed to replace file: {}", voucher.display()),
                    e,
                ));
            }
            _ => sync_directory(dir),
        }
    }
    for (path, file) in staged {
        persist(file, &path)?;
        crate::support::failpoint::point(&path);
    }
    sync_directory(dir);
    Ok(())
}

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
    file.persist(path)
        .map_err(|e| Error::io(format!("failed to write file: {}", path.display()), e.error))?;
    Ok(())
}

/// Makes names durable, where the system can.
pub fn sync_directory(dir: &Path) {
    if cfg!(unix) {
        let _ = File::open(dir).and_then(|dir| dir.sync_all());
    }
}

/// For opening a file that is ours: a link that somebody planted in its place is refused.
#[cfg(unix)]
pub fn own(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NOFOLLOW)
}

#[cfg(not(unix))]
pub fn own(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Temporary files are private to their owner; a report is not.
#[cfg(unix)]
pub fn set_ordinary_permissions(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
pub fn set_ordinary_permissions(_: &File) -> std::io::Result<()> {
    Ok(())
}
