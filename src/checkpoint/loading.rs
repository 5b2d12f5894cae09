//! Files → a checked checkpoint.

use std::collections::BTreeMap;

use burn::tensor::Device;
use rayon::prelude::*;

use crate::checkpoint::contract::{check_contract, contracts_of, find_contract, no_contract};
use crate::checkpoint::facts::{ContractSource, Facts};
use crate::checkpoint::files::CheckpointFiles;
use crate::checkpoint::precision::Precision;
use crate::checkpoint::spec::ModelSpec;
use crate::checkpoint::tokenizer_check::check_tokenizer;
use crate::checkpoint::weights::Weights;
use crate::model::{ModelConfig, RewardModel};
use crate::support::error::Result;
use crate::support::input_file::Directory;
use crate::support::terminal::say;
use crate::text::Tokenizer;
use crate::text::contract::InputContract;

/// Everything that decides a verdict but the weights, loaded and checked.
pub struct Checkpoint {
    /// Column name in tables.
    pub name: String,
    pub template: InputContract,
    pub tokenizer: Tokenizer,
    pub config: ModelConfig,
    /// What identifies the checkpoint in `run.json`.
    pub facts: Facts,
    directory: Directory,
    tokenizer_files: Vec<&'static str>,
}

impl Checkpoint {
    /// Reads and checks everything but the weights from the files that [`ModelSpec::resolve`]
    /// found. `template`: the `--template` flag.
    ///
    /// # Errors
    /// A file that is missing or invalid, or no template that fits.
    pub fn open(
        spec: &ModelSpec,
        files: CheckpointFiles,
        template: Option<InputContract>,
    ) -> Result<Self> {
        let config = read_config(&files.files)?;
        let found = find_contract(spec, template, &files.files)?;
        let contract = found.ok_or_else(|| no_contract(spec, &config.head))?;
        check_contract(spec, contract.0, &config.head)?;
        Self::with_contract(spec, files, config, contract)
    }

    /// The same for what is alike under every contract that the head can read.
    ///
    /// # Errors
    /// A file that is missing or invalid.
    pub(crate) fn open_under_any(spec: &ModelSpec, files: CheckpointFiles) -> Result<Self> {
        let config = read_config(&files.files)?;
        let fitting = contracts_of(&config.head);
        let any = *fitting
            .first()
            .ok_or_else(|| no_contract(spec, &config.head))?;
        Self::with_contract(spec, files, config, (any, ContractSource::Model))
    }

    fn with_contract(
        spec: &ModelSpec,
        files: CheckpointFiles,
        config: ModelConfig,
        (template, template_from): (InputContract, ContractSource),
    ) -> Result<Self> {
        let CheckpointFiles {
            files: directory,
            commit,
        } = files;
        let (tokenizer, tokenizer_files) = Tokenizer::load(&directory)?;
        check_tokenizer(&tokenizer, &config, directory.path())?;
        let mut files = BTreeMap::new();
        for name in std::iter::once("config.json").chain(tokenizer_files.iter().copied()) {
            files.insert(name.to_owned(), directory.file(name).sha256()?);
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
            directory,
            tokenizer_files,
        })
    }

    /// Hashes the weights as well and finds their dtypes. Verdicts can be looked up in the cache
    /// only after this.
    ///
    /// # Errors
    /// Weights that are missing or cannot be read.
    pub fn identify(&mut self) -> Result<()> {
        let weights = Weights::open(&self.directory, &Device::flex())?;
        self.facts.dtypes = weights.dtypes();
        let hashes: Vec<(String, String)> = weights
            .files()
            .into_par_iter()
            .map(|name| Ok((name.clone(), self.directory.file(&name).sha256()?)))
            .collect::<Result<_>>()?;
        self.facts.files.extend(hashes);
        Ok(())
    }

    /// Reads the weights onto a device.
    ///
    /// # Errors
    /// Weights that are missing, cannot be read or do not belong to the configuration.
    pub fn load_model(&self, device: &Device, precision: Precision) -> Result<RewardModel> {
        let mut weights = Weights::open(&self.directory, device)?.with_precision(precision);
        let model = RewardModel::load(&mut weights, &self.config)?;
        weights.finish()?;
        if self.facts.dtypes.iter().any(|dtype| dtype == "f64") {
            say(&format!(
                "{}: its f64 weights are rounded to f32, in which it is computed",
                self.name
            ));
        }
        Ok(model)
    }

    /// Name, size in bytes and SHA-256 of every file that decides a verdict.
    pub fn files(&self) -> Result<Vec<(String, u64, String)>> {
        let weights = Weights::open(&self.directory, &Device::flex())?.files();
        let names = self.facts.files.keys().cloned().chain(weights);
        names
            .map(|name| {
                let file = self.directory.file(&name);
                let (size, sha256) = (file.size()?, file.sha256()?);
                Ok((name, size, sha256))
            })
            .collect()
    }

    /// Number of parameters by dtype, from the headers alone.
    pub fn parameters(&self) -> Result<BTreeMap<String, usize>> {
        Ok(Weights::open(&self.directory, &Device::flex())?.parameters())
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
    pub fn directory(&self) -> &Directory {
        &self.directory
    }
}

fn read_config(directory: &Directory) -> Result<ModelConfig> {
    if !directory.has("config.json") {
        return Err(directory.missing("config.json"));
    }
    let file = directory.file("config.json");
    ModelConfig::parse(&file.text()?, &file.path())
}
