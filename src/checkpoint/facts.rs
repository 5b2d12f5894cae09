//! What a report and a resumed run need to know of a checkpoint.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::contract::InputContract;

/// What identifies the checkpoint in `run.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub spec: String,
    /// Of the hub repository, where the checkpoint came from one.
    pub commit: Option<String>,
    /// Where configuration and tokenizer come from, where the checkpoint has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backbone: Option<String>,
    pub template: InputContract,
    /// How the template was found.
    pub template_from: ContractSource,
    /// Types in which the parameters are stored, once the weights were read.
    pub dtypes: Vec<String>,
    /// SHA-256 of every file that was read, by file name.
    pub files: BTreeMap<String, String>,
}

impl Facts {
    /// `owner/name` where the files came from the hub.
    pub(crate) fn repository(&self) -> Option<&str> {
        self.commit.as_ref()?;
        self.spec.split('@').next()
    }
}

/// How the input contract of a checkpoint was found, for `run.json` and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContractSource {
    /// The model's own `,template=`.
    Model,
    /// `--template`.
    Flag,
    /// `--every-template`.
    #[serde(rename = "every template")]
    EveryTemplate,
    /// The file beside `config.json`.
    #[serde(rename = "pairbench.toml")]
    Sidecar,
    #[serde(rename = "known repository")]
    KnownRepository,
}

impl fmt::Display for ContractSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Model => ",template=",
            Self::Flag => "--template",
            Self::EveryTemplate => "--every-template",
            Self::Sidecar => "pairbench.toml",
            Self::KnownRepository => "known repository",
        })
    }
}
