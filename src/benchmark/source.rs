//! Where a benchmark's items are: a dataset of the hub, or files beside its definition.

use std::fmt;

use globset::{GlobBuilder, GlobSet};
use serde::{Deserialize, Serialize};

use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::hub::{self, Hub, Repository};
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
        let mut wanted = GlobSet::builder();
        for pattern in &patterns {
            wanted.add(
                GlobBuilder::new(pattern)
                    .literal_separator(true)
                    .build()
                    .map_err(|e| invalid(format!("key `self.files`: {e}")))?,
            );
        }
        let wanted = wanted.build().map_err(|e| invalid(e.to_string()))?;
        let snapshot = hub.snapshot(&repository, &wanted)?;
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
                "with a network: pairbench fetch {benchmark}; or give the files with --data"
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
