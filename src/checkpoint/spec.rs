//! `--model [NAME=]SPEC[,template=T][,backbone=B]` → a directory with the files of a checkpoint.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::benchmark::quickstart;
use crate::checkpoint::facts::ContractSource;
use crate::checkpoint::files::{Backbone, CheckpointFiles, backbone_from_hub, from_hub};
use crate::checkpoint::nearest::nearest;
use crate::model::RankerConfig;
use crate::support::error::{Error, ErrorKind, Result};
use crate::support::hub::{Hub, Repository};
use crate::support::input_file::Directory;
use crate::text::contract::InputContract;

/// What was typed after `--model`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSpec {
    name: Option<String>,
    location: String,
    /// The contract that was chosen for this model, and where.
    pub(crate) template: Option<(InputContract, ContractSource)>,
    /// A directory or repository.
    backbone: Option<String>,
}

impl FromStr for ModelSpec {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (mut rest, mut template, mut backbone) = (text, None, None);
        while let Some((before, option)) = rest.rsplit_once(',') {
            if let Some(name) = option.strip_prefix("template=") {
                template = Some((name.parse()?, ContractSource::Model));
            } else if let Some(location) = option.strip_prefix("backbone=") {
                backbone = Some(location.to_owned());
            } else if let Some(key) = unknown_key(rest, option) {
                return Err(format!(
                    "unknown key: {key}; after a model come `,template=T` and `,backbone=B`"
                ));
            } else {
                break;
            }
            rest = before;
        }
        // A path may contain `=`: an existing one is taken whole.
        let (name, location) = match rest.split_once('=') {
            Some((name, location)) if !Path::new(rest).exists() => {
                (Some(name.to_owned()), location)
            }
            _ => (None, rest),
        };
        let is_empty = |text: &Option<String>| text.as_deref() == Some("");
        if location.is_empty() || is_empty(&name) || is_empty(&backbone) {
            return Err(concat!(
                "expected [NAME=]SPEC[,template=T][,backbone=B] ",
                "with a directory or owner/name[@revision] as SPEC"
            )
            .to_owned());
        }
        Ok(Self {
            name,
            location: location.to_owned(),
            template,
            backbone,
        })
    }
}

/// The key of `option`, the last of the parts of `rest` between commas, where it has the form of
/// one. Nobody who mistypes a key means a name with a comma; an existing path is taken whole.
fn unknown_key<'a>(rest: &str, option: &'a str) -> Option<&'a str> {
    let (key, _) = option.split_once('=')?;
    let is_word = key
        .chars()
        .all(|c| c.is_ascii_alphabetic() || c == '-' || c == '_');
    (is_word && !Path::new(rest).exists()).then_some(key)
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

    /// The same model under this contract, named after both.
    #[must_use]
    pub(crate) fn under(&self, contract: InputContract) -> Self {
        Self {
            name: Some(format!("{}-{contract}", self.name())),
            template: Some((contract, ContractSource::EveryTemplate)),
            ..self.clone()
        }
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
    /// repository, with the backbone where the checkpoint needs one. `revision`: for a repository
    /// that is given without one.
    ///
    /// # Errors
    /// A location that does not exist or is not a directory, or the hub's errors.
    pub fn resolve(&self, hub: &Hub, revision: Option<&str>) -> Result<CheckpointFiles> {
        let mut found = self.find(hub, revision)?;
        let config = found.files.file("config.json");
        let ranker = if config.exists() {
            RankerConfig::parse(&config.text()?, &config.path())?
        } else {
            None
        };
        found.backbone = match (ranker, &self.backbone) {
            (Some(ranker), given) => Some(backbone(hub, &ranker, given.as_deref())?),
            (None, None) => None,
            (None, Some(_)) => {
                let what = format!("failed to use a backbone for model: {self}");
                return Err(Error::usage(what)
                    .caused_by("it has its own configuration and tokenizer")
                    .hint("`,backbone=` is for checkpoints in LLM-Blender's own layout"));
            }
        };
        Ok(found)
    }

    fn find(&self, hub: &Hub, revision: Option<&str>) -> Result<CheckpointFiles> {
        let path = Path::new(&self.location);
        if path.is_dir() {
            return Ok(CheckpointFiles {
                files: path.into(),
                commit: None,
                backbone: None,
            });
        }
        if let Some(embedded) = quickstart::checkpoint(&self.location) {
            return Ok(CheckpointFiles {
                files: Directory::Embedded(embedded),
                commit: None,
                backbone: None,
            });
        }
        if let Some(name) = self.location.strip_prefix("quickstart/") {
            let known: Vec<&str> = quickstart::checkpoints().collect();
            return Err(Error::unavailable(format!(
                "failed to find checkpoint: {}: no demonstration model is called {name}",
                self.location
            ))
            .hint(format!("there are {}", known.join(", "))));
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

/// What LLM-Blender's published rankers were fine-tuned from.
const DEFAULT_BACKBONE: &str = "microsoft/deberta-v3-large";

/// The backbone of a ranker: the given one, else that of the published rankers. What a file names
/// besides is not downloaded.
fn backbone(hub: &Hub, ranker: &RankerConfig, given: Option<&str>) -> Result<Backbone> {
    let location = match given {
        Some(given) => given,
        None if ranker.backbone == DEFAULT_BACKBONE => DEFAULT_BACKBONE,
        None => {
            let what = format!(
                "failed to choose the backbone: config.json names {}",
                ranker.backbone
            );
            return Err(Error::usage(what).hint(
                "add `,backbone=B` to --model, a directory or repository with its config.json and \
                 tokenizer",
            ));
        }
    };
    let path = Path::new(location);
    let (files, commit) = if path.is_dir() {
        (Directory::from(path), None)
    } else {
        let repository: Repository = location
            .parse()
            .map_err(|reason: String| no_directory(location, &reason))?;
        let hint = "`,backbone=DIR` takes a directory with config.json and tokenizer instead";
        backbone_from_hub(hub, &repository).map_err(|error| error.or_hint(hint))?
    };
    Ok(Backbone {
        location: location.to_owned(),
        files,
        commit,
    })
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
                Some((
                    InputContract::Pairwise(PairContract::PairRm),
                    ContractSource::Model
                ))
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
        for typed in [
            "some/dir,tmplate=pairrm",
            "A=some/dir,back=x,template=pairrm",
        ] {
            let error = typed.parse::<ModelSpec>().unwrap_err();
            assert!(error.starts_with("unknown key: "), "{error}");
        }
        assert!(
            "x,template=unknown"
                .parse::<ModelSpec>()
                .unwrap_err()
                .contains("better-pairrm")
        );
    }
}
