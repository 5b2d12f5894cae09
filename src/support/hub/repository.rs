//! Names of repositories, and what may be a name.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The kind of a repository; the hub separates them in URLs and in its cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RepositoryKind {
    Model,
    Dataset,
}

impl RepositoryKind {
    /// The word for it in URLs and in directory names of the cache.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
        }
    }

    /// What stands before `OWNER/NAME` in the addresses of pages and files.
    #[cfg(feature = "hub")]
    pub(super) fn url_folder(self) -> &'static str {
        match self {
            Self::Model => "",
            Self::Dataset => "datasets/",
        }
    }
}

/// `owner/name` at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository {
    pub(crate) kind: RepositoryKind,
    pub(crate) owner: String,
    pub(crate) name: String,
    /// Branch, tag or commit.
    pub(crate) revision: String,
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.owner, self.name, self.revision)
    }
}

/// Parses `owner/name[@revision]` of a model; the revision is `main` where none is given.
impl FromStr for Repository {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (id, revision) = text.split_once('@').unwrap_or((text, "main"));
        let (owner, name) = id.split_once('/').ok_or("expected owner/name[@revision]")?;
        // These become names of directories: none may lead outside the cache.
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
            kind: RepositoryKind::Model,
            owner: owner.to_owned(),
            name: name.to_owned(),
            revision: revision.to_owned(),
        })
    }
}

/// Whether a name from outside stays below the directory that it is joined to, on every system.
pub(crate) fn is_relative(name: &str) -> bool {
    name.len() <= 255
        && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && !name.contains(['\\', ':'])
        && !name.chars().any(char::is_control)
}

/// The files of a repository at one commit, in the cache.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) directory: PathBuf,
    pub(crate) commit: String,
}

/// Whether this is a commit's hash.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit())
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
