//! What a file is by its first bytes, for errors: often not what its name says.

use std::io::Read;

use crate::support::files;
use crate::support::input_file::InputFile;

/// Bytes that are looked at: a header of a table is shorter.
const HEAD: usize = 1 << 14;

/// What a content begins with, the ends of names that say so, what it is, and what to do else.
const KINDS: [(&[u8], &[&str], &str, &str); 5] = [
    (
        b"\x1f\x8b",
        &[".gz"],
        "compressed with gzip",
        "add .gz to its name",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        &[".zst"],
        "compressed with zstd",
        "add .zst to its name",
    ),
    (
        b"PAR1",
        &[".parquet"],
        "Parquet",
        "let its name end in .parquet",
    ),
    (b"{\"", &JSON, "JSON", "let its name end in .jsonl"),
    (b"[{\"", &JSON, "JSON", "let its name end in .json"),
];

const JSON: [&str; 3] = [".jsonl", ".json", ".ndjson"];

/// The same for what is of no use, and what to do.
const OF_NO_USE: [(&[u8], &str); 7] = [
    (
        b"PK\x03\x04",
        "a ZIP archive, as .xlsx is: save a table as CSV in UTF-8, or take the files out",
    ),
    (b"\xff\xfe", "text in UTF-16: save it as UTF-8"),
    (b"\xfe\xff", "text in UTF-16: save it as UTF-8"),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS, not the file: fetch that with git lfs pull",
    ),
    (b"<!doctype html", PAGE),
    (b"<html", PAGE),
    (b"<?xml", "XML: save it as JSON Lines, CSV or Parquet"),
];

const PAGE: &str = "a page of HTML, not the file: download that itself, from the hub by its address \
    with /resolve/ in the place of /blob/";

/// What to do where a file is not what its name says; `None` where it seems to be.
pub(crate) fn hint(file: &InputFile) -> Option<String> {
    let head = head(file)?;
    let head = head.trim_ascii_start();
    let is_piped = matches!(file, InputFile::Stdin(_));
    let name = if is_piped {
        ".jsonl".to_owned()
    } else {
        file.path().file_name()?.to_string_lossy().to_lowercase()
    };
    let begins = |with: &[u8]| {
        head.get(..with.len())
            .is_some_and(|own| own.eq_ignore_ascii_case(with))
    };
    if let Some((_, what)) = OF_NO_USE.into_iter().find(|(with, _)| begins(with)) {
        return Some(format!("the content is {what}"));
    }
    let mut kinds = KINDS.into_iter();
    if let Some((_, ends, what, remedy)) = kinds.find(|(with, ..)| begins(with)) {
        let is_named_so = ends.iter().any(|end| name.ends_with(end));
        let remedy = if is_piped {
            "standard input is read as JSON Lines; give the file itself with --data"
        } else {
            remedy
        };
        return (!is_named_so).then(|| format!("the content is {what}: {remedy}"));
    }
    let delimiter = [(".csv", ','), (".tsv", '\t')];
    let (_, own) = delimiter.into_iter().find(|(end, _)| name.ends_with(end))?;
    let header = String::from_utf8_lossy(head.split(|byte| b"\r\n".contains(byte)).next()?);
    let mut others = [';', '\t', '|', ','].into_iter();
    let other = others.find(|other| !header.contains(own) && header.contains(*other))?;
    Some(format!(
        "the cells are divided by {other:?}: in a .csv file commas divide them, in a .tsv file tabs"
    ))
}

fn head(file: &InputFile) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    match file {
        InputFile::OnDisk(path) => {
            files::open(path)
                .ok()?
                .take(HEAD as u64)
                .read_to_end(&mut head)
                .ok()?;
        }
        InputFile::Embedded(..) => {}
        InputFile::Stdin(bytes) => head.extend(bytes.iter().take(HEAD)),
    }
    Some(head)
}
