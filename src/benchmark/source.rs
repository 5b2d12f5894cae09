//! Where a benchmark's items are: a dataset of the hub, or files beside its definition.

use std::fmt;
use std::path::{Path, PathBuf};

use globset::GlobSet;
use serde::{Deserialize, Serialize};

use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::hub::{self, Hub, Repository, Wanted};
use crate::support::input_file::{Directory, InputFile};

/// A dataset of the hub, or files beside the definition.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// `owner/name` of a dataset repository.
    dataset: Option<String>,
    /// Its branch, tag or commit.
    revision: Option<String>,
    /// Names the files as dataset repositories do: `data/SPLIT-*.parquet`.
    split: Option<String>,
    #[serde(default)]
    pub(crate) files: Vec<String>,
    #[serde(skip)]
    pub(crate) home: Option<Directory>,
    /// The file of the definition, where it is no built-in one.
    #[serde(skip)]
    pub(crate) definition: Option<PathBuf>,
}

/// Where a run's pairs come from.
#[derive(Debug, Clone, Default)]
pub struct Files {
    pub files: Vec<InputFile>,
    /// Where they come from one.
    pub(crate) dataset: Option<Dataset>,
}

/// A dataset of the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// `owner/name`.
    pub(crate) id: String,
    /// The commit that was read.
    pub(crate) revision: String,
    /// `None` where the definition names files instead.
    pub(crate) split: Option<String>,
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.revision)
    }
}

/// `dataset owner/name@revision of the hub, split test`, or the files.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(dataset) = &self.dataset else {
            return match (&self.home, self.files.is_empty()) {
                (_, true) => f.write_str("the files given with --data"),
                (Some(Directory::Embedded(_)), _) => f.write_str("inside the binary"),
                _ => f.write_str(&self.files.join(", ")),
            };
        };
        write!(f, "dataset {dataset}")?;
        if let Some(revision) = &self.revision {
            write!(f, "@{revision}")?;
        }
        f.write_str(" of the hub")?;
        if let Some(split) = &self.split {
            write!(f, ", split {split}")?;
        }
        Ok(())
    }
}

impl Source {
    /// # Errors
    /// A key that changes nothing beside others.
    pub(super) fn check_effects(&self) -> std::result::Result<(), String> {
        if self.dataset.is_none() {
            let named = [("split", &self.split), ("revision", &self.revision)];
            if let Some((key, _)) = named.iter().find(|(_, value)| value.is_some()) {
                return Err(format!(
                    "`source.{key}` has no effect: it is of a dataset of the hub; name it in \
                     `source.dataset`, or remove the key"
                ));
            }
        }
        if self.split.is_some() && !self.files.is_empty() {
            return Err(
                "`source.split` has no effect: `source.files` names the files; remove one of the two"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// The dataset of the hub; its revision is what is named, and empty where none is.
    pub(super) fn dataset(&self) -> Option<Dataset> {
        Some(Dataset {
            id: self.dataset.clone()?,
            revision: self.revision.clone().unwrap_or_default(),
            split: self.split.clone(),
        })
    }

    /// The files of this benchmark, downloaded first where they are in a dataset of the hub.
    pub(crate) fn files(&self, benchmark: &str, hub: &Hub) -> Result<Files> {
        let Some(dataset) = &self.dataset else {
            let files = self
                .home
                .iter()
                .flat_map(|home| self.files.iter().map(|name| home.file(name)))
                .collect();
            return Ok(Files {
                files,
                dataset: None,
            });
        };
        let invalid = |what: String| {
            Error::bad_input(format!(
                "failed to find the pairs of benchmark: {benchmark}"
            ))
            .caused_by(what)
        };
        let revision = self.revision.as_deref().unwrap_or("main");
        let repository: Repository = format!("{dataset}@{revision}")
            .parse()
            .map_err(|e| invalid(format!("key `source.dataset`: {e}")))?;
        let repository = Repository {
            kind: hub::RepositoryKind::Dataset,
            ..repository
        };
        let split = self
            .split
            .iter()
            .map(|split| format!("data/{split}-*.parquet"));
        let patterns: Vec<String> = if self.files.is_empty() {
            split.collect()
        } else {
            self.files.clone()
        };
        let wanted = hub::patterns(patterns.iter().map(String::as_str))
            .map_err(|e| invalid(format!("key `source.files`: {e}")))?;
        let fetch = self
            .definition
            .as_ref()
            .map_or_else(|| benchmark.to_owned(), |path| path.display().to_string());
        let has_all = |directory: &Path| has_all(directory, &wanted);
        let wanted_files = Wanted {
            first: GlobSet::empty(),
            rest: wanted.clone(),
            check: &|_| Ok(()),
            suffices: &has_all,
            fetch: fetch.clone(),
        };
        let snapshot = hub.snapshot(&repository, &wanted_files)?;
        let files = files::files_below(&snapshot.directory)?
            .into_iter()
            .filter(|name| wanted.is_match(name));
        let files: Vec<InputFile> = files
            .map(|name| InputFile::OnDisk(snapshot.directory.join(name)))
            .collect();
        if files.is_empty() {
            return Err(Error::unavailable(format!(
                "failed to find the pairs of benchmark: {benchmark}"
            ))
            .caused_by(format!(
                "{} has no file {}",
                snapshot.directory.display(),
                patterns.join(", ")
            ))
            .hint(format!(
                "with a network: pairbench fetch {fetch}; or give the files with --data"
            )));
        }
        let dataset = Dataset {
            id: dataset.clone(),
            revision: snapshot.commit,
            split: self.split.clone(),
        };
        Ok(Files {
            files,
            dataset: Some(dataset),
        })
    }
}

/// Whether a directory has the files that are wanted: one at least, and where they are numbered as
/// `test-00000-of-00002.parquet`, each.
fn has_all(directory: &Path, wanted: &GlobSet) -> bool {
    let names = files::files_below(directory).unwrap_or_default();
    let is_there = |name: &&String| wanted.is_match(name) && directory.join(name).exists();
    let found: Vec<&String> = names.iter().filter(is_there).collect();
    let parts: Vec<(&str, &str)> = found.iter().filter_map(|name| series(name)).collect();
    let is_whole = |of: &(&str, &str)| {
        let count = parts.iter().filter(|part| *part == of).count();
        of.1.parse() == Ok(count)
    };
    !found.is_empty() && parts.iter().all(is_whole)
}

/// Of `data/test-00000-of-00002.parquet`: `data/test` and `00002`.
fn series(name: &str) -> Option<(&str, &str)> {
    let (stem, _) = name.rsplit_once('.')?;
    let (numbered, of) = stem.rsplit_once("-of-")?;
    let (series, _) = numbered.rsplit_once('-')?;
    Some((series, of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_is_whole_with_all_of_its_parts() {
        let home = tempfile::tempdir().unwrap();
        let wanted = hub::patterns(["data/test-*.parquet"]).unwrap();
        let data = home.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let has = || has_all(home.path(), &wanted);
        assert!(!has());
        std::fs::write(data.join("other-00000-of-00001.parquet"), "").unwrap();
        assert!(!has());
        std::fs::write(data.join("test-00000-of-00002.parquet"), "").unwrap();
        assert!(!has());
        std::fs::write(data.join("test-00001-of-00002.parquet"), "").unwrap();
        assert!(has());
        assert!(!has_all(&home.path().join("none"), &wanted));
    }
}
