//! A checkpoint in the Hugging Face layout: directory → configuration, tokenizer, template, model.

pub mod source;
pub mod weights;

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use serde::Deserialize;

pub use source::ModelSpec;

use crate::error::{Error, Result};
use crate::fsio;
use crate::model::{PairConfig, PairModel};
use crate::template::Template;
use crate::tokens::Tokenizer;

/// Everything that decides a verdict, loaded and checked.
pub struct Checkpoint {
    /// Column name in tables.
    pub name: String,
    pub template: Template,
    pub tokenizer: Tokenizer,
    pub config: PairConfig,
    pub facts: Facts,
    dir: PathBuf,
}

/// What identifies the checkpoint in `run.json`.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Facts {
    pub spec: String,
    pub template: Template,
    /// How the template was found.
    pub template_from: &'static str,
    pub dtypes: Vec<String>,
    /// SHA-256 of every file that was read, by file name.
    pub files: std::collections::BTreeMap<String, String>,
}

/// `pairbench.toml` beside `config.json`: what the file formats of the field have no place for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sidecar {
    template: Option<Template>,
}

impl Checkpoint {
    /// Reads everything but the weights; `template` is the `--template` flag.
    pub fn open(spec: &ModelSpec, template: Option<Template>) -> Result<Self> {
        let dir = spec.resolve()?;
        let config_path = fsio::require(dir.join("config.json"), "a checkpoint directory holds config.json, tokenizer files and model.safetensors")?;
        let config = PairConfig::parse(&fsio::read_text(&config_path)?, &config_path)?;
        let (template, template_from) = find_template(spec, template, &dir)?;
        let (tokenizer, tokenizer_files) = Tokenizer::load(&dir)?;
        tokenizer.check(&config, &dir)?;
        let mut files = std::collections::BTreeMap::new();
        for path in std::iter::once(config_path).chain(tokenizer_files) {
            files.insert(file_name(&path), fsio::sha256(&path)?);
        }
        let facts = Facts { spec: spec.to_string(), template, template_from, dtypes: Vec::new(), files };
        Ok(Self { name: spec.name(), template, tokenizer, config, facts, dir })
    }

    /// Reads the weights onto the device and hashes their files.
    pub fn load_model(&mut self, device: &Device) -> Result<PairModel> {
        let mut weights = weights::Weights::open(&self.dir, device)?;
        let model = PairModel::load(&mut weights, &self.config)?;
        let paths = weights.paths();
        self.facts.dtypes = weights.finish()?;
        for path in paths {
            self.facts.files.insert(file_name(&path), fsio::sha256(&path)?);
        }
        Ok(model)
    }
}

/// Own `,template=`, then `--template`, then the sidecar, then the table of known repositories.
/// Never guessed from the weights: both families have the same configuration.
fn find_template(spec: &ModelSpec, flag: Option<Template>, dir: &Path) -> Result<(Template, &'static str)> {
    if let Some(template) = spec.template {
        return Ok((template, "model"));
    }
    if let Some(template) = flag {
        return Ok((template, "flag"));
    }
    let path = dir.join("pairbench.toml");
    if path.exists() {
        let sidecar: Sidecar =
            toml::from_str(&fsio::read_text(&path)?).map_err(|e| Error::bad_input(format!("failed to parse sidecar: {}", path.display())).caused_by(e))?;
        if let Some(template) = sidecar.template {
            return Ok((template, "pairbench.toml"));
        }
    }
    if let Some(template) = spec.repository().and_then(Template::of_repository) {
        return Ok((template, "known repository"));
    }
    Err(Error::usage(format!("failed to choose a template for model: {spec}"))
        .hint(format!("add `,template=NAME` to --model, or pass --template NAME; NAME is one of: {}", Template::names())))
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
