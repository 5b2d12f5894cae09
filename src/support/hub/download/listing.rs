//! The listing of a repository: commit, files, sizes and hashes.

use serde::Deserialize;

use crate::support::hub::download::failure::Failure;
use crate::support::hub::repository::{is_commit, is_relative};

/// A repository at a commit, as the hub lists it.
#[derive(Debug, Deserialize)]
pub(super) struct Listing {
    #[serde(rename = "sha")]
    pub(super) commit: String,
    #[serde(rename = "siblings")]
    pub(super) files: Vec<Entry>,
}

/// A file of a listing.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    #[serde(rename = "rfilename")]
    pub(super) name: String,
    pub(super) size: u64,
    /// SHA-1 of the git object.
    #[serde(rename = "blobId")]
    oid: String,
    /// Of large files, which the hub keeps outside git.
    pub(super) lfs: Option<Lfs>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Lfs {
    sha256: String,
}

impl Entry {
    /// The name of the content in the cache: the hub's `ETag`.
    pub(super) fn etag(&self) -> &str {
        self.lfs.as_ref().map_or(&self.oid, |lfs| &lfs.sha256)
    }
}

impl Listing {
    /// Reads the hub's answer. Names and hashes become paths in the cache: what could lead outside
    /// it is refused.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Failure> {
        let listing: Self = serde_json::from_slice(body).map_err(|e| {
            Failure::unexpected_content(format!("the answer is not a listing of a repository: {e}"))
        })?;
        if !is_commit(&listing.commit) {
            return Err(Failure::unexpected_content(
                "the listing has no commit".to_owned(),
            ));
        }
        match listing.files.iter().find(|entry| !is_safe(entry)) {
            Some(entry) => Err(Failure::fatal(
                format!(
                    "the listing has a file that cannot be kept: {:?}",
                    entry.name
                ),
                "do not use this repository",
            )),
            None => Ok(listing),
        }
    }
}

fn is_safe(entry: &Entry) -> bool {
    is_relative(&entry.name)
        && is_hex(&entry.oid, 40)
        && entry.lfs.as_ref().is_none_or(|lfs| is_hex(&lfs.sha256, 64))
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.chars().all(|c| c.is_ascii_hexdigit())
}
