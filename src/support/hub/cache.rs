//! The hub's cache on disk, in the layout that the Python client reads and writes:
//! `models--OWNER--NAME/{refs/REVISION, snapshots/COMMIT/FILE -> ../../blobs/ETAG, blobs/ETAG}`.

use std::path::{Component, Path, PathBuf};

use crate::support::hub::environment;
use crate::support::hub::listing::{Entry, Listing};
use crate::support::hub::repository::{Repository, Snapshot, is_commit};

/// Folders of a repository in which listings of commits are kept, as `COMMIT.json`. The Python
/// client takes a snapshot for incomplete that lacks a file of a listing in `trees`: ours, of which
/// pairbench downloads a part, are kept beside them.
const LISTINGS: [&str; 2] = [OWN_LISTINGS, "trees"];
const OWN_LISTINGS: &str = ".pairbench";

/// The directory that all hub clients of a user share.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The one that the environment names.
    pub(crate) fn from_environment() -> Self {
        Self {
            root: environment::cache(),
        }
    }

    /// Its directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of a repository.
    pub(crate) fn home(&self, repository: &Repository) -> PathBuf {
        self.root.join(format!(
            "{}--{}--{}",
            repository.kind.plural(),
            repository.owner,
            repository.name
        ))
    }

    /// The snapshot of the revision, where the cache has one.
    pub(crate) fn snapshot(&self, repository: &Repository) -> Option<Snapshot> {
        let home = self.home(repository);
        let commit = if is_commit(&repository.revision) {
            repository.revision.clone()
        } else {
            std::fs::read_to_string(home.join("refs").join(&repository.revision))
                .ok()?
                .trim()
                .to_owned()
        };
        let directory = home.join("snapshots").join(&commit);
        (is_commit(&commit) && directory.is_dir()).then_some(Snapshot { directory, commit })
    }

    /// Where pairbench keeps the listing of a commit in a repository's directory.
    #[cfg(feature = "hub")]
    pub(super) fn own_listing(home: &Path, commit: &str) -> PathBuf {
        home.join(OWN_LISTINGS).join(format!("{commit}.json"))
    }

    /// The listing of a commit, where one is kept.
    pub(super) fn listing(&self, repository: &Repository, commit: &str) -> Option<Listing> {
        kept_listing(&self.home(repository), commit)
    }
}

fn kept_listing(home: &Path, commit: &str) -> Option<Listing> {
    LISTINGS.iter().find_map(|folder| {
        let path = home.join(folder).join(format!("{commit}.json"));
        Listing::parse_kept(commit, &std::fs::read_to_string(path).ok()?)
    })
}

/// What the kept listing of its commit says of a file `HOME/snapshots/COMMIT/NAME`.
pub(super) fn listed(path: &Path) -> Option<Entry> {
    let parts: Vec<Component> = path.components().collect();
    let at = parts.windows(2).rposition(|pair| {
        pair[0].as_os_str() == "snapshots" && pair[1].as_os_str().to_str().is_some_and(is_commit)
    })?;
    let home: PathBuf = parts[..at].iter().collect();
    let name: Vec<&str> = parts[at + 2..]
        .iter()
        .map(|part| part.as_os_str().to_str())
        .collect::<Option<_>>()?;
    let name = name.join("/");
    let listing = kept_listing(&home, parts[at + 1].as_os_str().to_str()?)?;
    listing.files.into_iter().find(|entry| entry.name == name)
}
