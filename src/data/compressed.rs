//! Text files that are compressed as a whole.

use std::io::{BufReader, Read};

use flate2::read::MultiGzDecoder;

use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::input_file::InputFile;

/// How a file is compressed, by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstd,
}

/// Bytes that a compressed file may always have.
const ANYWAY: u64 = 64 << 20;
/// Beyond that, bytes for each of its own. Texts are seldom compressed to a twentieth; a file made
/// to fill memory is, to a thousandth and less.
const RATIO: u64 = 200;

impl Compression {
    /// What a name says, and the name without it.
    pub(crate) fn of(name: &str) -> (Option<Self>, &str) {
        let endings = [(".gz", Self::Gzip), (".zst", Self::Zstd)];
        endings
            .into_iter()
            .find_map(|(ending, kind)| Some((Some(kind), name.strip_suffix(ending)?)))
            .unwrap_or((None, name))
    }
}

/// The whole content as UTF-8, without a byte-order mark.
pub(crate) fn text(file: &InputFile, compression: Compression) -> Result<String> {
    let compressed = file.bytes()?;
    let path = file.path();
    let most = (compressed.len() as u64).saturating_mul(RATIO).max(ANYWAY);
    let failed = |e: std::io::Error| {
        Error::bad_input(format!("failed to decompress: {}", path.display()))
            .caused_by(e)
            .hint("the file is damaged, incomplete or not of the type that its name says")
    };
    let reader = BufReader::new(&compressed[..]);
    let mut bytes = Vec::new();
    // All members of a gzip file are read, and all frames of a zstd file.
    match compression {
        Compression::Gzip => MultiGzDecoder::new(reader)
            .take(most + 1)
            .read_to_end(&mut bytes),
        Compression::Zstd => zstd::Decoder::with_buffer(reader)
            .and_then(|decoder| decoder.take(most + 1).read_to_end(&mut bytes)),
    }
    .map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(Error::bad_input(format!(
            "failed to decompress: {}: more than {most} bytes come out of {}",
            path.display(),
            compressed.len()
        ))
        .hint("if that is right, decompress the file first"));
    }
    files::to_text(bytes, &path)
}
