//! Reading and writing a file of the cache, whatever stands at its path.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::path::Path;

use crate::support::files;

/// The largest file that is read: about a million verdicts, which take some 300 MB in memory.
const MOST_BYTES: u64 = 256 << 20;
/// The longest line. The reason why a pair cannot be scored may quote a text of the data.
pub(super) const LONGEST_LINE: usize = 1 << 16;

/// Shows every line of a file but one that has no end; none where there is no file.
///
/// # Errors
/// What is no regular file, or larger than is read.
pub(super) fn lines(path: &Path, mut each: impl FnMut(&[u8])) -> Result<()> {
    let file = match files::without_links(OpenOptions::new().read(true)).open(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        file => regular(file?)?,
    };
    if file.metadata()?.len() > MOST_BYTES {
        let what = format!("it has more than {} MiB", MOST_BYTES >> 20);
        return Err(Error::new(ErrorKind::FileTooLarge, what));
    }
    // What grows meanwhile is left to the next run.
    let mut reader = BufReader::new(file.take(MOST_BYTES));
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut part = reader.by_ref().take(LONGEST_LINE as u64);
        part.read_until(b'\n', &mut line)?;
        if line.len() == LONGEST_LINE && !line.ends_with(b"\n") {
            reader.skip_until(b'\n')?;
        } else if !line.ends_with(b"\n") {
            return Ok(());
        }
        each(&line);
    }
}

/// One write under a lock, so that two processes do not mix their lines.
pub(super) fn append(path: &Path, lines: &[u8]) -> Result<()> {
    std::fs::create_dir_all(path.parent().unwrap_or(path))?;
    let options = &mut OpenOptions::new();
    let options = options.read(true).append(true).create(true);
    let mut file = regular(files::without_links(options).open(path)?)?;
    // Where a file system has no locks, a line may be torn; it is passed over then.
    let _ = file.lock();
    let end: &[u8] = if ends_torn(&mut file)? { b"\n" } else { b"" };
    file.write_all(&[end, lines].concat())
}

/// A process died while it wrote.
fn ends_torn(file: &mut File) -> Result<bool> {
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    Ok(last != [b'\n'])
}

fn regular(file: File) -> Result<File> {
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(Error::other("it is not a regular file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> Result<Vec<usize>> {
        let mut found = Vec::new();
        lines(path, |line| found.push(line.len()))?;
        Ok(found)
    }

    #[test]
    fn lines_are_read_one_by_one_and_a_long_one_is_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        assert!(read(&path).unwrap().is_empty());
        let long = "x".repeat(LONGEST_LINE);
        std::fs::write(&path, format!("ab\n{long}{long}\nc\ntorn")).unwrap();
        assert_eq!(read(&path).unwrap(), [3, LONGEST_LINE, 2]);
        append(&path, b"d\n").unwrap();
        assert_eq!(read(&path).unwrap(), [3, LONGEST_LINE, 2, 5, 2]);
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let file = File::create(&path).unwrap();
        file.set_len(3 << 30).unwrap();
        assert_eq!(read(&path).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_and_never_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let [pipe, link, looped] = ["pipe", "link", "loop"].map(|name| dir.path().join(name));
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        std::os::unix::fs::symlink(&looped, &looped).unwrap();
        for path in [dir.path(), &pipe, &link, &looped, Path::new("/dev/zero")] {
            assert!(read(path).is_err(), "{}", path.display());
            assert!(append(path, b"x\n").is_err(), "{}", path.display());
        }
    }
}
