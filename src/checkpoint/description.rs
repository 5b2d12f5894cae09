//! What says which model a checkpoint is and how it reads text.

use std::collections::BTreeMap;

use crate::checkpoint::adapter;
use crate::checkpoint::files::{Backbone, CheckpointFiles};
use crate::checkpoint::tokenizer_check::check_tokenizer;
use crate::model::{ModelConfig, RankerConfig, TransformerConfig};
use crate::support::error::{Error, Result};
use crate::support::input_file::{Directory, InputFile};
use crate::text::Tokenizer;
use crate::text::contract::{AnswerContract, InputContract, RowLengths};

/// Configuration and tokenizer, read and checked.
pub(super) struct Description {
    pub(super) config: ModelConfig,
    pub(super) tokenizer: Tokenizer,
    /// Of a token row, where the configuration says them.
    pub(super) lengths: Option<RowLengths>,
    /// The files that were read, by what records call them.
    pub(super) files: BTreeMap<String, InputFile>,
    /// Those of the tokenizer.
    pub(super) tokenizer_files: Vec<String>,
}

impl Description {
    /// # Errors
    /// A file that is missing or invalid.
    pub(super) fn read(files: &CheckpointFiles) -> Result<Self> {
        let directory = &files.files;
        let text = config_text(directory)?;
        if directory.has(adapter::CONFIG) {
            let path = directory.path().display();
            return Err(adapter::refusal(format!(
                "failed to load checkpoint: {path}"
            )));
        }
        let path = directory.file(CONFIG).path();
        let ranker = RankerConfig::parse(&text, &path)?;
        match (ranker, &files.backbone) {
            (Some(ranker), Some(backbone)) => Self::of_ranker(&ranker, directory, backbone),
            (Some(_), None) => Err(Error::bad_input(format!(
                "failed to load checkpoint: {}: it has LLM-Blender's layout, without a backbone",
                path.display()
            ))),
            (None, _) => Self::of_model(ModelConfig::parse(&text, &path)?, directory),
        }
    }

    /// The layout of transformers.
    fn of_model(config: ModelConfig, directory: &Directory) -> Result<Self> {
        let (tokenizer, names) = match config.transformer {
            TransformerConfig::Deberta(_) => Tokenizer::load(directory)?,
            TransformerConfig::Decoder(_) => Tokenizer::load_of_decoder(directory)?,
        };
        check_tokenizer(&tokenizer, &config, directory.path())?;
        let tokenizer_files: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let names = tokenizer_files.iter().map(String::as_str).chain([CONFIG]);
        let files = names
            .map(|name| (name.to_owned(), directory.file(name)))
            .collect();
        Ok(Self {
            config,
            tokenizer,
            lengths: None,
            files,
            tokenizer_files,
        })
    }

    /// The configuration, with the padding token that is used under a contract.
    pub(super) fn config_under(&self, contract: InputContract) -> ModelConfig {
        let [pad, eos] =
            [self.tokenizer.pad_id(), self.tokenizer.eos_id()].map(|id| id.map(i64::from));
        // "set pad token to eos token if not set": `run_rm.py` sets that of the model, too,
        // whatever its configuration says.
        let sets_both = contract == InputContract::Scalar(AnswerContract::Chat);
        self.config.clone().with_pad(|own| match pad {
            None if sets_both => eos.or(own),
            pad => own.or(pad).or(eos),
        })
    }

    /// LLM-Blender's layout: encoder configuration and tokenizer are those of the backbone.
    fn of_ranker(
        ranker: &RankerConfig,
        directory: &Directory,
        backbone: &Backbone,
    ) -> Result<Self> {
        let from = &backbone.files;
        let text = config_text(from)?;
        let (tokenizer, names) = Tokenizer::load(from)?;
        let tokenizer = tokenizer.with_markers()?;
        let [source, first, second] = ["<|source|>", "<|candidate1|>", "<|candidate2|>"]
            .map(|marker| tokenizer.id_of(marker).unwrap_or_default());
        let config = ranker.on(
            &text,
            &from.file(CONFIG).path(),
            tokenizer.len(),
            [source, first, second],
        )?;
        check_tokenizer(&tokenizer, &config, from.path())?;
        let of_backbone = |name: &str| format!("backbone/{name}");
        let tokenizer_files: Vec<String> = names.iter().map(|name| of_backbone(name)).collect();
        let mut files: BTreeMap<String, InputFile> = names
            .iter()
            .chain([&CONFIG])
            .map(|name| (of_backbone(name), from.file(name)))
            .collect();
        files.insert(CONFIG.to_owned(), directory.file(CONFIG));
        Ok(Self {
            config,
            tokenizer,
            lengths: Some(RowLengths {
                source: ranker.source_max,
                candidate: ranker.candidate_max,
            }),
            files,
            tokenizer_files,
        })
    }
}

const CONFIG: &str = "config.json";

fn config_text(directory: &Directory) -> Result<String> {
    if !directory.has(CONFIG) {
        let missing = directory.missing(CONFIG);
        return Err(if directory.has(adapter::CONFIG) {
            missing.or_hint(&format!("this is an adapter (LoRA): {}", adapter::MERGE))
        } else {
            missing
        });
    }
    directory.file(CONFIG).text()
}
