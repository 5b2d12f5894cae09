//! The files of a checkpoint.

use std::fmt;
use std::path::Path;

use crate::checkpoint::{adapter, weights};
use crate::model::{ModelConfig, RankerConfig};
use crate::support::error::{Error, Result};
use crate::support::hub::{self, Hub, Offer, Repository, Wanted};
use crate::support::input_file::Directory;

/// Where the files of a checkpoint are, and from which commit of a hub repository they come.
#[derive(Debug, Clone)]
pub struct CheckpointFiles {
    pub files: Directory,
    pub commit: Option<String>,
    /// Of a checkpoint in LLM-Blender's layout.
    pub backbone: Option<Backbone>,
}

/// What a checkpoint in LLM-Blender's layout lacks: the configuration of its encoder and its
/// tokenizer.
#[derive(Debug, Clone)]
pub struct Backbone {
    /// As it was given.
    pub(super) location: String,
    pub files: Directory,
    pub(super) commit: Option<String>,
}

impl fmt::Display for Backbone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.commit {
            Some(commit) => {
                let name = self.location.split('@').next().unwrap_or_default();
                write!(f, "{name}@{commit}")
            }
            None => f.write_str(&self.location),
        }
    }
}

/// What says which model it is and how it reads text; a repository may lack some of it.
const DESCRIPTION: [&str; 9] = [
    "config.json",
    "pairbench.toml",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "added_tokens.json",
    "special_tokens_map.json",
    "spm.model",
    "model.safetensors.index.json",
];

/// Pickles are not among them.
const WEIGHTS: [&str; 1] = ["*.safetensors"];

/// Endings of files that PyTorch pickled.
const PICKLES: [&str; 5] = [".bin", ".pt", ".pth", ".ckpt", ".pkl"];

/// The files of a repository, downloaded first where the cache lacks them: the weights only once
/// the configuration is one that can be used.
pub(super) fn from_hub(hub: &Hub, repository: &Repository) -> Result<CheckpointFiles> {
    let invalid = |e: globset::Error| Error::bad_input(e.to_string());
    let wanted = Wanted {
        first: hub::patterns(DESCRIPTION).map_err(invalid)?,
        rest: hub::patterns(WEIGHTS).map_err(invalid)?,
        check: &|offer| check(repository, offer),
        suffices: &suffices,
        fetch: repository.to_string(),
    };
    let snapshot = hub.snapshot(repository, &wanted)?;
    Ok(CheckpointFiles {
        files: Directory::OnDisk(snapshot.directory),
        commit: Some(snapshot.commit),
        backbone: None,
    })
}

/// The files of a repository that are those of a backbone, which needs no weights: its directory
/// and the commit.
pub(super) fn backbone_from_hub(
    hub: &Hub,
    repository: &Repository,
) -> Result<(Directory, Option<String>)> {
    let invalid = |e: globset::Error| Error::bad_input(e.to_string());
    let wanted = Wanted {
        first: hub::patterns(DESCRIPTION).map_err(invalid)?,
        rest: hub::patterns([]).map_err(invalid)?,
        check: &|_| Ok(()),
        suffices: &describes,
        fetch: repository.to_string(),
    };
    let snapshot = hub.snapshot(repository, &wanted)?;
    Ok((Directory::OnDisk(snapshot.directory), Some(snapshot.commit)))
}

/// Refuses what cannot be used before its weights are downloaded.
fn check(repository: &Repository, offer: &Offer) -> Result<()> {
    let directory = Directory::from(offer.directory);
    let what = format!("failed to use model: {repository}");
    if offer.names.contains(&adapter::CONFIG) {
        return Err(adapter::refusal(what));
    }
    if !directory.has("config.json") {
        return Err(Error::bad_input(what)
            .caused_by("the repository has no config.json")
            .hint("give a model in the Hugging Face layout"));
    }
    let config = directory.file("config.json");
    if let Err(error) = can_be_used(&config.text()?, &config.path()) {
        let names = architectures(&directory);
        let names = if names.is_empty() {
            String::new()
        } else {
            format!(", whose architecture is {names}")
        };
        return Err(Error::bad_input(format!("{what}{names}"))
            .caused_by(error)
            .hint("the README says which models can be scored; no weights were downloaded"));
    }
    let is_of = |name: &&&str, endings: &[&str]| endings.iter().any(|end| name.ends_with(end));
    if offer
        .names
        .iter()
        .any(|name| is_of(&name, &[".safetensors"]))
    {
        return Ok(());
    }
    match offer.names.iter().find(|name| is_of(name, &PICKLES)) {
        Some(pickle) => Err(Error::bad_input(what)
            .caused_by(format!(
                "it has weights only as a pickle, {pickle}, which can run code"
            ))
            .hint(match &offer.elsewhere {
                Some(revision) => format!(
                    "a pull request has them as safetensors: {}/{}@{revision}",
                    repository.owner, repository.name
                ),
                None => weights::CONVERT_PICKLE.to_owned(),
            })),
        None => Err(Error::bad_input(what).caused_by("it has no weights (*.safetensors)")),
    }
}

/// Either layout.
fn can_be_used(config: &str, path: &Path) -> Result<()> {
    match RankerConfig::parse(config, path)? {
        Some(_) => Ok(()),
        None => ModelConfig::parse(config, path).map(drop),
    }
}

/// What the configuration calls its classes.
fn architectures(directory: &Directory) -> String {
    let config = directory.json("config.json").unwrap_or_default();
    let names = config
        .get("architectures")
        .and_then(|names| names.as_array());
    let names = names.into_iter().flatten().filter_map(|name| name.as_str());
    names.take(3).collect::<Vec<_>>().join(", ")
}

/// Whether a directory has what a checkpoint needs.
fn suffices(directory: &Path) -> bool {
    let files = Directory::from(directory);
    let has_weights =
        || weights::file_names(&files).is_ok_and(|names| names.iter().all(|name| files.has(name)));
    (describes(directory) || is_ranker(&files)) && has_weights()
}

/// Whether a directory has configuration and tokenizer.
fn describes(directory: &Path) -> bool {
    let directory = Directory::from(directory);
    directory.has("config.json") && (directory.has("tokenizer.json") || directory.has("spm.model"))
}

/// Whether the configuration is that of a ranker, whose tokenizer is elsewhere.
fn is_ranker(directory: &Directory) -> bool {
    let config = directory.json("config.json").unwrap_or_default();
    config.get("ranker_type").is_some()
}
