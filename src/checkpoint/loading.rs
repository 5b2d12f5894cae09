//! Files → a checked checkpoint.

use std::collections::BTreeMap;

use burn::tensor::Device;
use rayon::prelude::*;

use crate::checkpoint::contract::{
    check_chat_template, check_contract, check_padding, contracts_of, find_contract, no_contract,
};
use crate::checkpoint::description::Description;
use crate::checkpoint::facts::{ContractSource, Facts};
use crate::checkpoint::files::{Backbone, CheckpointFiles};
use crate::checkpoint::memory::check_memory;
use crate::checkpoint::precision::Precision;
use crate::checkpoint::spec::ModelSpec;
use crate::checkpoint::weights::Weights;
use crate::model::{ModelConfig, RewardModel};
use crate::support::error::Result;
use crate::support::input_file::{Directory, InputFile};
use crate::support::terminal::say;
use crate::text::Tokenizer;
use crate::text::contract::{InputContract, PairContract};

/// Everything that decides a verdict but the weights, loaded and checked.
pub struct Checkpoint {
    /// Column name in tables.
    pub name: String,
    pub template: InputContract,
    pub tokenizer: Tokenizer,
    pub config: ModelConfig,
    /// What identifies the checkpoint in `run.json`.
    pub facts: Facts,
    /// Where the weights are.
    directory: Directory,
    /// The files that were read, by what records call them.
    read: BTreeMap<String, InputFile>,
    tokenizer_files: Vec<String>,
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
        let description = Description::read(&files)?;
        let head = &description.config.head;
        let found = find_contract(spec, template, &files.files)?;
        let contract = found.ok_or_else(|| no_contract(spec, head))?;
        check_contract(spec, contract.0, head)?;
        check_chat_template(spec, contract.0, &description.tokenizer)?;
        check_padding(spec, contract.0, &description.tokenizer)?;
        Self::with_contract(spec, files, description, contract)
    }

    /// The same for what is alike under every contract that the head can read.
    ///
    /// # Errors
    /// A file that is missing or invalid.
    pub(crate) fn open_under_any(spec: &ModelSpec, files: CheckpointFiles) -> Result<Self> {
        let description = Description::read(&files)?;
        let head = &description.config.head;
        let fitting = contracts_of(head);
        let any = *fitting.first().ok_or_else(|| no_contract(spec, head))?;
        Self::with_contract(spec, files, description, (any, ContractSource::Model))
    }

    fn with_contract(
        spec: &ModelSpec,
        files: CheckpointFiles,
        description: Description,
        (template, template_from): (InputContract, ContractSource),
    ) -> Result<Self> {
        let hash = |(name, file): (&String, &InputFile)| Ok((name.clone(), file.sha256()?));
        let facts = Facts {
            spec: spec.to_string(),
            commit: files.commit,
            backbone: files.backbone.as_ref().map(Backbone::to_string),
            template,
            template_from,
            dtypes: Vec::new(),
            files: description.files.iter().map(hash).collect::<Result<_>>()?,
        };
        let config = description.config_under(template);
        let lengths = description.lengths;
        Ok(Self {
            name: spec.name(),
            template: lengths.map_or(template, |lengths| template.with_lengths(lengths)),
            tokenizer: description.tokenizer,
            config,
            facts,
            directory: files.files,
            read: description.files,
            tokenizer_files: description.tokenizer_files,
        })
    }

    /// The contracts under which it can be scored.
    pub(crate) fn contracts(&self) -> Vec<InputContract> {
        let InputContract::Pairwise(PairContract::PairRanker(lengths)) = self.template else {
            return contracts_of(&self.config.head);
        };
        let own = |contract: InputContract| contract.with_lengths(lengths);
        contracts_of(&self.config.head)
            .into_iter()
            .map(own)
            .collect()
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
        weights.check_head()?;
        check_memory(&self.name, &weights, precision)?;
        let model = RewardModel::load(&mut weights, &self.config)
            .and_then(|model| weights.finish().map(|()| model))
            .map_err(|error| match &self.facts.backbone {
                Some(backbone) => error.or_hint(&format!(
                    "the ranker may be of another backbone than {backbone}: `,backbone=`"
                )),
                None => error,
            })?;
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
        let weights = weights
            .into_iter()
            .map(|name| (name.clone(), self.directory.file(&name)));
        let read = self
            .read
            .iter()
            .map(|(name, file)| (name.clone(), file.clone()));
        read.chain(weights)
            .map(|(name, file)| Ok((name, file.size()?, file.sha256()?)))
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
            .partition(|(name, _)| self.tokenizer_files.contains(name));
        [tokenizer, others].map(|files| files.into_iter().map(|(_, hash)| hash.as_str()).collect())
    }

    /// Where the files are.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }
}
