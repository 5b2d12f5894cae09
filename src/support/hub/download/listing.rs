//! The hub's answer to the question what a repository has.

use serde::Deserialize;

use crate::support::hub::download::failure::Failure;
use crate::support::hub::listing::{ContentHash, Entry, Listing};

/// `/api/models/OWNER/NAME/revision/REVISION?blobs=true`.
#[derive(Debug, Deserialize)]
struct Answer {
    /// The repository's name today.
    id: Option<String>,
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Debug, Deserialize)]
struct Sibling {
    rfilename: String,
    size: u64,
    #[serde(rename = "blobId")]
    oid: String,
    /// Of large files, which the hub keeps outside git.
    lfs: Option<Lfs>,
}

#[derive(Debug, Deserialize)]
struct Lfs {
    sha256: String,
}

/// Reads the hub's answer: the listing, and the repository's name. What could lead outside the
/// cache is refused.
pub(super) fn parse(body: &[u8]) -> Result<(Listing, Option<String>), Failure> {
    let answer: Answer = serde_json::from_slice(body).map_err(|e| {
        Failure::unexpected_content(format!("the answer is not a listing of a repository: {e}"))
    })?;
    let unusable = |cause: String| Failure::fatal(cause, "do not use this repository");
    let files = answer
        .siblings
        .into_iter()
        .map(|file| entry(file).map_err(unusable))
        .collect::<Result<_, _>>()?;
    let listing = Listing::checked(answer.sha, files).map_err(unusable)?;
    Ok((listing, answer.id))
}

fn entry(file: Sibling) -> Result<Entry, String> {
    let hash = file.lfs.map_or(file.oid, |lfs| lfs.sha256);
    let hash = ContentHash::parse(&hash).ok_or_else(|| {
        format!(
            "the listing has a file that cannot be kept: {:?}",
            file.rfilename
        )
    })?;
    Ok(Entry {
        name: file.rfilename,
        size: file.size,
        hash,
    })
}

/// `/api/models/OWNER/NAME/refs?include_prs=1`.
#[derive(Debug, Deserialize)]
struct Refs {
    #[serde(default, rename = "pullRequests")]
    pull_requests: Vec<Ref>,
}

#[derive(Debug, Deserialize)]
struct Ref {
    #[serde(rename = "ref")]
    name: String,
}

/// The names of a repository's pull requests, `refs/pr/N`.
pub(super) fn parse_pull_requests(body: &[u8]) -> Vec<String> {
    let refs = serde_json::from_slice::<Refs>(body).map(|refs| refs.pull_requests);
    refs.into_iter().flatten().map(|one| one.name).collect()
}
