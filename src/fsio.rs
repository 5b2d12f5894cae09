//! Files: reading with the path in the error, writing so that a file is whole or absent.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Reads a regular file whole.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes).map_err(|e| Error::io(format!("failed to read file: {}", path.display()), e))?;
    Ok(bytes)
}

/// Reads a UTF-8 file whole; a byte-order mark at its start is dropped.
pub fn read_text(path: &Path) -> Result<String> {
    to_text(read(path)?, path)
}

/// Bytes of a file as UTF-8; `path` is for the error.
pub fn to_text(bytes: Vec<u8>, path: &Path) -> Result<String> {
    let text = String::from_utf8(bytes).map_err(|e| {
        let line = e.as_bytes()[..e.utf8_error().valid_up_to()].split(|b| *b == b'\n').count();
        Error::bad_input(format!("failed to read text: {}:{line}", path.display())).caused_by(e.utf8_error()).hint("save the file as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Opens a regular file. Directories, pipes and devices are refused before anything blocks on them.
pub fn open(path: &Path) -> Result<File> {
    let failed = |e| Error::io(format!("failed to open file: {}", path.display()), e);
    let meta = std::fs::metadata(path).map_err(failed)?;
    if !meta.is_file() {
        return Err(Error::bad_input(format!("failed to open file: {} is not a regular file", path.display())));
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
            if entry.file_type().map_err(failed)?.is_dir() { open.push(name + "/") } else { names.push(name) }
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
        let n = file.read(&mut piece).map_err(|e| Error::io(format!("failed to read file: {}", path.display()), e))?;
        if n == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&piece[..n]);
    }
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Makes the directory and proves that a file can be written there: before the work, not after it.
pub fn writable_dir(dir: &Path) -> Result<()> {
    let failed = |e: std::io::Error| {
        let error = Error::io(format!("failed to prepare output directory: {}", dir.display()), e);
        error.hint("choose another directory with --out")
    };
    std::fs::create_dir_all(dir).map_err(failed)?;
    tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
    Ok(())
}

/// Writes a file beside its final name, syncs it and renames it: a reader sees the old file or the
/// new one, never a part.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |e: std::io::Error| Error::io(format!("failed to write file: {}", path.display()), e);
    let dir = path.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let mut file = tempfile::NamedTempFile::new_in(&dir).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    set_ordinary_permissions(file.as_file()).map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
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
