//! Who computed a model's verdicts, and with what.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::checkpoint::Facts;

/// Where a model's verdicts come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VerdictSource {
    /// pairbench computed them with this checkpoint.
    Facts(Facts),
    /// Another program computed them.
    Imported(ImportedModel),
}

/// What files of another program say of a model: not its weights, nor how exactly and from which
/// pairs its scores were computed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportedModel {
    /// As reward-bench calls it: `Seq. Classifier`, `DPO` and others.
    pub(crate) model_type: Option<String>,
    /// As the files say it.
    pub(crate) chat_template: Option<String>,
    pub(crate) files: Vec<ImportedFile>,
}

/// A file that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedFile {
    pub(crate) path: PathBuf,
    pub(crate) sha256: String,
    pub(crate) layout: Layout,
}

/// The layouts of result files that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Layout {
    /// reward-bench's `eval-set-scores` and `pref-sets-scores`: an object of columns.
    #[serde(rename = "reward-bench scores")]
    Scores,
    /// The same of its version 2: a list of scores in each row.
    #[serde(rename = "reward-bench 2 scores")]
    Scores2,
    /// What the command `rewardbench` writes: a line for each pair.
    #[serde(rename = "rewardbench outputs")]
    Outputs,
    /// What lm-eval writes with `--log_samples`.
    #[serde(rename = "lm-eval samples")]
    LmEval,
}

impl VerdictSource {
    /// `None` where the verdicts are another program's.
    pub(crate) fn facts(&self) -> Option<&Facts> {
        match self {
            Self::Facts(facts) => Some(facts),
            Self::Imported(_) => None,
        }
    }

    pub(crate) fn imported(&self) -> Option<&ImportedModel> {
        match self {
            Self::Facts(_) => None,
            Self::Imported(imported) => Some(imported),
        }
    }
}

impl ImportedFile {
    /// The model of `MODEL_outputs.jsonl`; other files say it themselves or not at all.
    pub(crate) fn model_by_name(&self) -> Option<String> {
        let name = self.path.file_name()?.to_str()?;
        let model = name.strip_suffix("_outputs.jsonl")?;
        Some(model.to_owned())
    }

    /// Its name without its folders, which may say whose machine it was.
    pub(crate) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

impl Layout {
    /// As `run.json` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Scores => "reward-bench scores",
            Self::Scores2 => "reward-bench 2 scores",
            Self::Outputs => "rewardbench outputs",
            Self::LmEval => "lm-eval samples",
        }
    }
}
