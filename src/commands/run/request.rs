//! What a run is asked for.

use std::path::PathBuf;

use crate::checkpoint::ModelSpec;
use crate::commands::hub_request::HubRequest;
use crate::data::ColumnMap;
use crate::data::selection::Selection;
use crate::data::shard::Shard;
use crate::device::backend::{BackendRequest, DtypeChoice};
use crate::report::Format;
use crate::support::error::{Error, Result};
use crate::support::existing::Existing;
use crate::support::input_file::STDIN;
use crate::text::contract::InputContract;

/// Models to score on items, and what to make of it.
#[derive(Debug, Default)]
pub struct RunRequest {
    /// Without any, the embedded demonstration models.
    pub models: Vec<ModelSpec>,
    /// A built-in name or a file.
    pub benchmark: Option<String>,
    /// Files instead of the benchmark's own; `-` is standard input.
    pub data: Vec<PathBuf>,
    /// Which of their columns are which.
    pub map: ColumnMap,
    pub selection: Selection,
    /// Of models that do not name their own.
    pub contract: Option<InputContract>,
    /// Whether such models are scored under every contract that they can take instead.
    pub every_contract: bool,
    pub backend: BackendRequest,
    /// An f32 run of the same models, to count turned verdicts against.
    pub f32_run: Option<PathBuf>,
    /// The run's directory.
    pub out: Option<PathBuf>,
    /// What is to become of what is there.
    pub existing: Existing,
    pub shard: Option<Shard>,
    /// Whether outcomes are looked up in the cache and kept there.
    pub cache: bool,
    /// 0 is one per core.
    pub threads: usize,
    pub format: Format,
    /// `TABLE[:MODEL]` to put beside the measured columns.
    pub published: Option<String>,
    pub against: Option<AgainstRequest>,
    pub hub: HubRequest,
}

/// A gate that ends the run.
#[derive(Debug, Clone)]
pub struct AgainstRequest {
    /// `DIR[:MODEL]`
    pub(crate) baseline: String,
    /// Rules, or files of rules.
    pub(crate) gates: Vec<String>,
    /// Whether an inconclusive rule is cause for complaint.
    pub(crate) strict: bool,
    /// Decides the order of the items.
    pub(crate) seed: u64,
}

impl RunRequest {
    /// Refuses what cannot go together.
    pub(crate) fn check(&self) -> Result<()> {
        if self.backend.int8_batch.is_some() && self.backend.dtype != DtypeChoice::Int8 {
            let what = "failed to understand --int8-batch: it goes with --dtype int8";
            return Err(Error::usage(what));
        }
        let is_stdin = |path: &&PathBuf| path.as_os_str() == STDIN;
        if self.data.iter().filter(is_stdin).count() > 1 {
            let what = "failed to understand --data: standard input can be read once";
            return Err(Error::usage(what));
        }
        let flag = match self.existing {
            Existing::Keep => None,
            Existing::Resume => Some("--resume"),
            Existing::Overwrite => Some("--overwrite"),
        };
        if let (Some(flag), None) = (flag, &self.out) {
            let what = format!(
                "failed to understand {flag}: it goes with --out DIR, the directory of the run"
            );
            return Err(Error::usage(what));
        }
        if self.shard.is_some() && self.f32_run.is_some() {
            let what = "failed to understand --shard: verdicts are compared with an f32 run once \
                the shards are merged";
            return Err(Error::usage(what).hint("`pairbench compare` does that, too"));
        }
        Ok(())
    }
}
