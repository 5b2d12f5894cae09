//! A checkpoint in the Hugging Face layout: directory → configuration, tokenizer, template, model.

mod safetensors_header;
pub mod spec;
pub mod weights;

use std::fmt;

use burn::tensor::Device;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use spec::{CheckpointFiles, ModelSpec};

use crate::model::{PairConfig, PairModel};
use crate::support::error::{Error, Result};
use crate::support::input_file::Directory;
use crate::support::terminal::say;
use crate::text::contract::InputContract;
use crate::text::{ConfiguredTokens, Tokenizer};
use weights::Precision;

/// Everything that decides a verdict, loaded and checked.
pub struct Checkpoint {
    /// Column name in tables.
    pub name: String,
    pub template: InputContract,
    pub tokenizer: Tokenizer,
    pub config: PairConfig,
    pub facts: Facts,
    home: Directory,
    tokenizer_files: Vec<&'static str>,
}

/// What identifies the checkpoint in `run.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub spec: String,
    /// Of the hub repository, where it came from one.
    pub commit: Option<String>,
    pub template: InputContract,
    /// How the template was found.
    pub template_from: ContractSource,
    pub dtypes: Vec<String>,
    /// SHA-256 of every file that was read, by file name.
    pub files: std::collections::BTreeMap<String, String>,
}

/// How the input contract of a checkpoint was found, in `run.json` and in talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContractSource {
    /// The model's own `,template=`.
    Model,
    /// `--template`.
    Flag,
    /// The file beside `config.json`.
    #[serde(rename = "pairbench.toml")]
    Sidecar,
    #[serde(rename = "known repository")]
    KnownRepository,
}

impl fmt::Display for ContractSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Model => "model",
            Self::Flag => "flag",
            Self::Sidecar => SIDECAR,
            Self::KnownRepository => "known repository",
        })
    }
}

const SIDECAR: &str = "pairbench.toml";

/// `pairbench.toml` beside `config.json`: what the file formats of the field have no place for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sidecar {
    template: Option<InputContract>,
}

impl Checkpoint {
    /// Reads everything but the weights from where [`ModelSpec::resolve`] found it; `template` is
    /// the `--template` flag.
    pub fn open(
        spec: &ModelSpec,
        home: CheckpointFiles,
        template: Option<InputContract>,
    ) -> Result<Self> {
        let CheckpointFiles {
            files: home,
            commit,
        } = home;
        if !home.has("config.json") {
            return Err(home.missing("config.json"));
        }
        let config = PairConfig::parse(
            &home.file("config.json").text()?,
            &home.file("config.json").path(),
        )?;
        let (template, template_from) = find_template(spec, template, &home)?;
        let (tokenizer, tokenizer_files) = Tokenizer::load(&home)?;
        let configured = ConfiguredTokens {
            source_prefix_id: config.source_prefix_id,
            cand1_prefix_id: config.cand1_prefix_id,
            cand2_prefix_id: config.cand2_prefix_id,
            vocab_size: config.encoder.vocab_size,
        };
        tokenizer.check(&configured, home.path())?;
        let mut files = std::collections::BTreeMap::new();
        for name in std::iter::once("config.json").chain(tokenizer_files.iter().copied()) {
            files.insert(name.to_owned(), home.file(name).sha256()?);
        }
        let facts = Facts {
            spec: spec.to_string(),
            commit,
            template,
            template_from,
            dtypes: Vec::new(),
            files,
        };
        Ok(Self {
            name: spec.name(),
            template,
            tokenizer,
            config,
            facts,
            home,
            tokenizer_files,
        })
    }

    /// Hashes the weights, too, and finds their dtypes: what a verdict must be known by before it
    /// can be looked up.
    pub fn identify(&mut self) -> Result<()> {
        let weights = weights::Weights::open(&self.home, &Device::flex())?;
        self.facts.dtypes = weights.dtypes();
        let hashes: Vec<(String, String)> = weights
            .files()
            .into_par_iter()
            .map(|name| Ok((name.clone(), self.home.file(&name).sha256()?)))
            .collect::<Result<_>>()?;
        self.facts.files.extend(hashes);
        Ok(())
    }

    /// Reads the weights onto the device.
    pub fn load_model(&self, device: &Device, precision: Precision) -> Result<PairModel> {
        let mut weights = weights::Weights::open(&self.home, device)?.with_precision(precision);
        let model = PairModel::load(&mut weights, &self.config)?;
        weights.finish()?;
        if self.facts.dtypes.iter().any(|dtype| dtype == "f64") {
            say(&format!(
                "{}: its f64 weights are rounded to f32, in which it is computed",
                self.name
            ));
        }
        Ok(model)
    }
}

impl Checkpoint {
    /// Name, bytes and hash of every file that decides a verdict.
    pub fn files(&self) -> Result<Vec<(String, u64, String)>> {
        let weights = weights::Weights::open(&self.home, &Device::flex())?.files();
        let names = self.facts.files.keys().cloned().chain(weights);
        names
            .map(|name| {
                Ok((
                    name.clone(),
                    self.home.file(&name).size()?,
                    self.home.file(&name).sha256()?,
                ))
            })
            .collect()
    }

    /// Parameters by dtype, from the headers alone.
    pub fn parameters(&self) -> Result<std::collections::BTreeMap<String, usize>> {
        Ok(weights::Weights::open(&self.home, &Device::flex())?.parameters())
    }

    /// Hashes of the tokenizer's files and of all others, each in the order of their names.
    pub fn hashes(&self) -> [Vec<&str>; 2] {
        let (tokenizer, others): (Vec<_>, Vec<_>) = self
            .facts
            .files
            .iter()
            .partition(|(name, _)| self.tokenizer_files.contains(&name.as_str()));
        [tokenizer, others].map(|files| files.into_iter().map(|(_, hash)| hash.as_str()).collect())
    }

    /// Where the files are.
    pub fn home(&self) -> &Directory {
        &self.home
    }
}

/// Own `,template=`, then `--template`, then the sidecar, then the table of known repositories.
/// Never guessed from the weights: both families have the same configuration.
fn find_template(
    spec: &ModelSpec,
    flag: Option<InputContract>,
    home: &Directory,
) -> Result<(InputContract, ContractSource)> {
    if let Some(template) = spec.template {
        return Ok((template, ContractSource::Model));
    }
    if let Some(template) = flag {
        return Ok((template, ContractSource::Flag));
    }
    if home.has(SIDECAR) {
        let sidecar: Sidecar = toml::from_str(&home.file(SIDECAR).text()?).map_err(|e| {
            Error::bad_input(format!(
                "failed to parse sidecar: {}",
                home.file(SIDECAR).path().display()
            ))
            .caused_by(e)
        })?;
        if let Some(template) = sidecar.template {
            return Ok((template, ContractSource::Sidecar));
        }
    }
    if let Some(template) = spec
        .repository()
        .and_then(|r| InputContract::of_repository(&format!("{}/{}", r.owner, r.name)))
    {
        return Ok((template, ContractSource::KnownRepository));
    }
    Err(
        Error::usage(format!("failed to choose a template for model: {spec}")).hint(format!(
            "add `,template=NAME` to --model, or pass --template NAME; NAME is one of: {}",
            InputContract::names()
        )),
    )
}
