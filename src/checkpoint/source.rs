//! `--model [NAME=]SPEC[,template=T]` → a directory with the files of a checkpoint.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::files::Directory;
use crate::quickstart;
use crate::template::Template;

/// What was typed after `--model`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSpec {
    name: Option<String>,
    location: String,
    pub template: Option<Template>,
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
            Some((name, location)) if !Path::new(rest).exists() => (Some(name.to_owned()), location),
            _ => (None, rest),
        };
        if location.is_empty() || name.as_deref() == Some("") {
            return Err("expected [NAME=]SPEC[,template=T] with a directory or owner/name[@revision] as SPEC".to_owned());
        }
        Ok(Self { name, location: location.to_owned(), template })
    }
}

impl fmt::Display for ModelSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.location)
    }
}

impl ModelSpec {
    /// The given name, else the last part of the location.
    pub fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            let path = self.location.split('@').next().unwrap_or_default().trim_end_matches('/');
            path.rsplit('/').next().unwrap_or(path).to_owned()
        })
    }

    /// `owner/name` where the location is not an existing path and has that form.
    pub fn repository(&self) -> Option<&str> {
        if Path::new(&self.location).exists() {
            return None;
        }
        let repository = self.location.split('@').next()?;
        let (owner, name) = repository.split_once('/')?;
        let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        (plain(owner) && plain(name)).then_some(repository)
    }

    /// The files to read: the location itself, an embedded checkpoint, or the snapshot of the
    /// repository in the hub's cache, downloaded first where feature `hub` is on.
    pub fn resolve(&self) -> Result<Directory> {
        let path = Path::new(&self.location);
        if path.is_dir() {
            return Ok(path.into());
        }
        if let Some(embedded) = quickstart::checkpoint(&self.location) {
            return Ok(Directory::Embedded(embedded));
        }
        if path.exists() {
            return Err(
                Error::bad_input(format!("failed to open checkpoint: {} is not a directory", path.display())).hint("give the directory that holds config.json")
            );
        }
        let Some(repository) = self.repository() else {
            return Err(Error::unavailable(format!("failed to find checkpoint: {}", self.location))
                .hint("give a directory that exists, or a hub repository as owner/name"));
        };
        let revision = self.location.split_once('@').map_or("main", |(_, revision)| revision);
        hub(repository, revision)
    }
}

/// The files of a checkpoint, of which a repository may lack some.
#[cfg(feature = "hub")]
const PATTERNS: &[&str] = &[
    "config.json",
    "pairbench.toml",
    "tokenizer.json",
    "tokenizer_config.json",
    "added_tokens.json",
    "special_tokens_map.json",
    "spm.model",
    "*.safetensors",
    "model.safetensors.index.json",
];

#[cfg(feature = "hub")]
fn hub(repository: &str, revision: &str) -> Result<Directory> {
    let (owner, name) = repository.split_once('/').unwrap_or_default();
    let offline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]
        .iter()
        .any(|key| std::env::var(key).is_ok_and(|v| ["1", "on", "yes", "true"].contains(&v.to_lowercase().as_str())));
    let failed = |e: hf_hub::HFError| {
        Error::unavailable(format!("failed to fetch repository: {repository}@{revision}"))
            .caused_by(e)
            .hint("check the name and the network, or give the directory of a copy")
    };
    let client = hf_hub::HFClientSync::new().map_err(failed)?;
    client
        .model(owner, name)
        .snapshot_download()
        .revision(revision)
        .allow_patterns(PATTERNS.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>())
        .local_files_only(offline)
        .send()
        .map(Directory::OnDisk)
        .map_err(failed)
}

#[cfg(not(feature = "hub"))]
fn hub(repository: &str, _: &str) -> Result<Directory> {
    Err(Error::unavailable(format!("failed to find checkpoint: no directory {repository}"))
        .hint("this build has no network code; give a directory, or build with the default feature `hub`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_location_and_template_are_told_apart() {
        let spec: ModelSpec = "A=some/dir,template=pairrm".parse().unwrap();
        assert_eq!((spec.name().as_str(), spec.location.as_str(), spec.template), ("A", "some/dir", Some(Template::PairRm)));
        let spec: ModelSpec = "llm-blender/PairRM-hf@abc".parse().unwrap();
        assert_eq!((spec.name().as_str(), spec.repository()), ("PairRM-hf", Some("llm-blender/PairRM-hf")));
        assert_eq!("/no/such/dir".parse::<ModelSpec>().unwrap().repository(), None);
        assert!("A=".parse::<ModelSpec>().is_err());
        assert!("x,template=unknown".parse::<ModelSpec>().unwrap_err().contains("better-pairrm"));
    }
}
