//! Repositories of the Hugging Face hub: from its cache on disk, or downloaded into it.

mod cache;
#[cfg(feature = "hub")]
mod download;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use globset::GlobSet;

use crate::support::error::{Error, Result};
pub use cache::Cache;

/// What kind of repository it is; the hub keeps them apart in addresses and in its cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Model,
    Dataset,
}

impl Kind {
    /// The word in addresses and in names of the cache.
    fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
        }
    }
}

/// `owner/name` at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    pub kind: Kind,
    pub owner: String,
    pub name: String,
    /// Branch, tag or commit.
    pub revision: String,
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.owner, self.name, self.revision)
    }
}

/// A model; `main` where no revision is given.
impl FromStr for Repository {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (id, revision) = text.split_once('@').unwrap_or((text, "main"));
        let (owner, name) = id.split_once('/').ok_or("expected owner/name[@revision]")?;
        // These become names of directories: nothing in them may lead elsewhere.
        let part = |part: &str| {
            !part.is_empty()
                && part.len() <= 96
                && !part.starts_with('.')
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        if !part(owner) || !part(name) {
            return Err(
                "expected owner/name[@revision], each of letters, digits, `-`, `_` and `.`"
                    .to_owned(),
            );
        }
        if !is_relative(revision) {
            return Err(format!("`{revision}` is not a branch, tag or commit"));
        }
        Ok(Self {
            kind: Kind::Model,
            owner: owner.to_owned(),
            name: name.to_owned(),
            revision: revision.to_owned(),
        })
    }
}

/// Whether a name from outside stays below the directory that it is joined to.
pub fn is_relative(name: &str) -> bool {
    name.len() <= 255
        && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && !name.contains(['\\', ':'])
        && !name.chars().any(char::is_control)
}

/// A repository's files at one commit.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub directory: PathBuf,
    pub commit: String,
}

/// Where repositories come from in this run.
pub struct Hub {
    cache: Cache,
    /// What forbids the network, where something does.
    offline: Option<&'static str>,
}

impl Hub {
    /// The cache that the environment names; `offline` is the `--offline` flag.
    pub fn new(offline: bool) -> Self {
        let set = |key: &str| {
            std::env::var(key)
                .is_ok_and(|v| ["1", "on", "yes", "true"].contains(&v.to_lowercase().as_str()))
        };
        let variables = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"];
        let mut reasons = variables.into_iter().filter(|key| set(key));
        let reason = if cfg!(not(feature = "hub")) {
            Some("this build has no network code")
        } else {
            reasons.next()
        };
        Self {
            cache: Cache::from_environment(),
            offline: if offline { Some("--offline") } else { reason },
        }
    }

    /// The files of the repository that `wanted` matches, downloaded first where the cache lacks
    /// them.
    ///
    /// Offline, what the cache has is taken as it is.
    pub fn snapshot(&self, repository: &Repository, wanted: &GlobSet) -> Result<Snapshot> {
        let Some(reason) = self.offline else {
            return self.fetch(repository, wanted);
        };
        self.cache.snapshot(repository).ok_or_else(|| {
            Error::unavailable(format!("failed to find in the hub's cache: {repository}"))
                .caused_by(format!("{reason}; looked in {}", self.cache.home(repository).display()))
                .hint(format!("with a network: pairbench fetch {repository}; or set HF_HUB_CACHE to the cache that has it"))
        })
    }

    #[cfg(feature = "hub")]
    fn fetch(&self, repository: &Repository, wanted: &GlobSet) -> Result<Snapshot> {
        download::fetch(&self.cache, repository, wanted)
    }

    #[cfg(not(feature = "hub"))]
    fn fetch(&self, repository: &Repository, _: &GlobSet) -> Result<Snapshot> {
        Err(Error::unavailable(format!("failed to fetch: {repository}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_no_repositories() {
        let good: Repository = "llm-blender/PairRM-hf@refs/pr/1".parse().unwrap();
        assert_eq!(
            (
                good.owner.as_str(),
                good.name.as_str(),
                good.revision.as_str()
            ),
            ("llm-blender", "PairRM-hf", "refs/pr/1")
        );
        assert_eq!("a/b".parse::<Repository>().unwrap().revision, "main");
        for bad in [
            "a",
            "/a",
            "a/",
            "../b",
            "a/..",
            "a/b/c",
            "a/b@../../x",
            "a/b@/x",
            "a/b@x\\y",
            "a/b@",
            "a/b@c:d",
            "a/b@x\n",
        ] {
            assert!(bad.parse::<Repository>().is_err(), "{bad:?}");
        }
        assert!(!is_relative(&"x".repeat(300)));
    }
}
