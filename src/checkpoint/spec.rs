//! `--model [NAME=]SPEC[,template=T]` → a directory with the files of a checkpoint.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::benchmark::quickstart;
use crate::checkpoint::files::{CheckpointFiles, from_hub};
use crate::checkpoint::nearest::nearest;
use crate::support::error::{Error, ErrorKind, Result};
use crate::support::hub::{Hub, Repository};
use crate::support::input_file::Directory;
use crate::text::contract::InputContract;

/// What was typed after `--model`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSpec {
    name: Option<String>,
    location: String,
    pub template: Option<InputContract>,
}

impl FromStr for ModelSpec {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (rest, template) = match text.rsplit_once(",template=") {
            Some((rest, name)) => (rest, Some(name.parse()?)),
            None => (text, None),
        };
        // A path may contain `=`: an existing one is taken whole.
        let (name, location) = match rest.split_once('=') {
            Some((name, location)) if !Path::new(rest).exists() => {
                (Some(name.to_owned()), location)
            }
            _ => (None, rest),
        };
        if location.is_empty() || name.as_deref() == Some("") {
            return Err(concat!(
                "expected [NAME=]SPEC[,template=T] ",
                "with a directory or owner/name[@revision] as SPEC"
            )
            .to_owned());
        }
        Ok(Self {
            name,
            location: location.to_owned(),
            template,
        })
    }
}

impl fmt::Display for ModelSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.location)
    }
}

impl ModelSpec {
    /// The given name, else the last component of the location.
    pub fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            let path = self.location.split('@').next().unwrap_or_default();
            let separators = ['/', std::path::MAIN_SEPARATOR];
            let path = path.trim_end_matches(separators);
            path.rsplit(separators).next().unwrap_or(path).to_owned()
        })
    }

    /// The repository, where the location has the form of one and is not an existing path.
    pub(crate) fn repository(&self) -> Option<Repository> {
        if Path::new(&self.location).exists() {
            None
        } else {
            self.location.parse().ok()
        }
    }

    /// Finds the files: the location itself, an embedded checkpoint, or a snapshot of the
    /// repository. `revision`: for a repository that is given without one.
    ///
    /// # Errors
    /// A location that does not exist or is not a directory, or the hub's errors.
    pub fn resolve(&self, hub: &Hub, revision: Option<&str>) -> Result<CheckpointFiles> {
        let path = Path::new(&self.location);
        if path.is_dir() {
            return Ok(CheckpointFiles {
                files: path.into(),
                commit: None,
            });
        }
        if let Some(embedded) = quickstart::checkpoint(&self.location) {
            return Ok(CheckpointFiles {
                files: Directory::Embedded(embedded),
                commit: None,
            });
        }
        if path.exists() {
            return Err(Error::bad_input(format!(
                "failed to open checkpoint: {} is not a directory",
                path.display()
            ))
            .hint("give the directory that holds config.json"));
        }
        let location = match revision {
            Some(revision) if !self.location.contains('@') => {
                format!("{}@{revision}", self.location)
            }
            _ => self.location.clone(),
        };
        let repository: Repository = location
            .parse()
            .map_err(|reason: String| no_directory(&self.location, &reason))?;
        from_hub(hub, &repository).map_err(|error| match nearest(path) {
            // A typing error in a path can look like owner/name.
            Some(directory) if error.kind == ErrorKind::Unavailable => {
                error.or_hint(&did_you_mean(&directory))
            }
            _ => error,
        })
    }
}

/// The error for what is neither a directory nor a repository.
fn no_directory(location: &str, reason: &str) -> Error {
    let what = format!("failed to find checkpoint: {location}");
    Error::unavailable(what)
        .caused_by(format!("no such directory, and no repository: {reason}"))
        .hint(match nearest(Path::new(location)) {
            Some(directory) => did_you_mean(&directory),
            None => "give a directory that exists, or a hub repository as owner/name".to_owned(),
        })
}

fn did_you_mean(directory: &Path) -> String {
    format!(
        "no such directory here; did you mean {}?",
        directory.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::contract::PairContract;

    #[test]
    fn name_location_and_template_are_told_apart() {
        let spec: ModelSpec = "A=some/dir,template=pairrm".parse().unwrap();
        assert_eq!(
            (spec.name().as_str(), spec.location.as_str(), spec.template),
            (
                "A",
                "some/dir",
                Some(InputContract::Pairwise(PairContract::PairRm))
            )
        );
        let spec: ModelSpec = "llm-blender/PairRM-hf@abc".parse().unwrap();
        assert_eq!(
            (
                spec.name().as_str(),
                spec.repository().unwrap().revision.as_str()
            ),
            ("PairRM-hf", "abc")
        );
        assert_eq!(
            "/no/such/dir".parse::<ModelSpec>().unwrap().repository(),
            None
        );
        assert!("A=".parse::<ModelSpec>().is_err());
        assert!(
            "x,template=unknown"
                .parse::<ModelSpec>()
                .unwrap_err()
                .contains("better-pairrm")
        );
    }
}
