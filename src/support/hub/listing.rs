//! The files of a repository at a commit: names, sizes and hashes, as the hub lists them and as a
//! cache keeps them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::support::hub::repository::{is_commit, is_relative};

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) hash: ContentHash,
}

/// The hash that names a content: the hub's `ETag`, and the name of the file in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ContentHash {
    /// Of small files: the SHA-1 of git's object, which is `blob`, the size, a zero byte and the
    /// content.
    Git(String),
    /// Of large files, which the hub keeps outside git.
    Sha256(String),
}

impl ContentHash {
    /// By its length: 40 or 64 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_hex = text
            .chars()
            .all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
        match text.len() {
            40 if is_hex => Some(Self::Git(text.to_owned())),
            64 if is_hex => Some(Self::Sha256(text.to_owned())),
            _ => None,
        }
    }

    pub(crate) fn hex(&self) -> &str {
        match self {
            Self::Git(hex) | Self::Sha256(hex) => hex,
        }
    }
}

/// A repository at a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) commit: String,
    pub(super) files: Vec<Entry>,
}

/// The file in which the Python client keeps a listing (`_tree_cache.py`): a commit's never
/// changes.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    format_version: u32,
    files: BTreeMap<String, KeptFile>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptFile {
    size: u64,
    blob_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lfs_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lfs_size: Option<u64>,
}

impl Listing {
    /// Checks what came from outside: names and hashes become paths in the cache.
    ///
    /// # Errors
    /// What cannot be kept.
    pub(super) fn checked(commit: String, files: Vec<Entry>) -> Result<Self, String> {
        if !is_commit(&commit) {
            return Err("the listing has no commit".to_owned());
        }
        match files.iter().find(|entry| !is_relative(&entry.name)) {
            Some(entry) => Err(format!(
                "the listing has a file that cannot be kept: {:?}",
                entry.name
            )),
            None => Ok(Self { commit, files }),
        }
    }

    /// The text of a kept listing; none where it is not one, which costs a request and no more.
    pub(super) fn parse_kept(commit: &str, text: &str) -> Option<Self> {
        let kept: Kept = serde_json::from_str(text).ok()?;
        let entry = |(name, file): (String, KeptFile)| {
            Some(Entry {
                name,
                size: file.lfs_size.unwrap_or(file.size),
                hash: ContentHash::parse(file.lfs_sha256.as_deref().unwrap_or(&file.blob_id))?,
            })
        };
        let files = kept.files.into_iter().map(entry).collect::<Option<_>>()?;
        Self::checked(commit.to_owned(), files)
            .ok()
            .filter(|_| kept.format_version == 1)
    }

    /// The text that is kept. Of large files the git object is not known; nothing asks for it.
    #[cfg(feature = "hub")]
    pub(super) fn to_kept(&self) -> String {
        let file = |entry: &Entry| {
            let large = matches!(entry.hash, ContentHash::Sha256(_));
            let hash = entry.hash.hex().to_owned();
            let kept = KeptFile {
                size: entry.size,
                blob_id: if large { String::new() } else { hash.clone() },
                lfs_sha256: large.then_some(hash),
                lfs_size: large.then_some(entry.size),
            };
            (entry.name.clone(), kept)
        };
        let kept = Kept {
            format_version: 1,
            files: self.files.iter().map(file).collect(),
        };
        serde_json::to_string_pretty(&kept).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of `_tree_cache.py`, with whole hashes.
    #[test]
    fn a_listing_that_the_python_client_kept_is_read() {
        let (sha1, sha256) = ("a".repeat(40), "b".repeat(64));
        let text = format!(
            r#"{{"format_version": 1, "files": {{
                "config.json": {{"size": 519, "blob_id": "{sha1}"}},
                "model.safetensors": {{"size": 1234, "blob_id": "{sha1}",
                    "lfs_sha256": "{sha256}", "lfs_size": 1234, "xet_hash": "{sha256}"}}
            }}}}"#
        );
        let listing = Listing::parse_kept(&sha1, &text).unwrap();
        let hashes: Vec<&ContentHash> = listing.files.iter().map(|file| &file.hash).collect();
        assert_eq!(
            hashes,
            [
                &ContentHash::Git(sha1.clone()),
                &ContentHash::Sha256(sha256)
            ]
        );
        for other in [
            text.replace("\"format_version\": 1", "\"format_version\": 2"),
            text.replace("config.json", "../config.json"),
            text.replace(&format!("\"{sha1}\""), "\"../x\""),
            text[1..].to_owned(),
        ] {
            assert_eq!(Listing::parse_kept(&sha1, &other), None, "{other}");
        }
    }

    #[cfg(feature = "hub")]
    #[test]
    fn a_kept_listing_comes_back() {
        let entry = |name: &str, hash| Entry {
            name: name.to_owned(),
            size: 7,
            hash,
        };
        let files = vec![
            entry("a.json", ContentHash::Git("a".repeat(40))),
            entry("b/c.bin", ContentHash::Sha256("b".repeat(64))),
        ];
        let listing = Listing::checked("c".repeat(40), files).unwrap();
        let back = Listing::parse_kept(&listing.commit, &listing.to_kept());
        assert_eq!(back, Some(listing));
    }
}
