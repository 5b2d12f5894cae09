//! Flags that several commands have.

use std::num::NonZeroUsize;

use clap::Args;

use crate::cli::values::{ColorArg, DtypeArg, ProgressArg};
use crate::commands::HubRequest;
use crate::device::Choice;
use crate::device::backend::BackendRequest;
use crate::support::terminal::{Settings, Verbosity};

/// What computes, and how exactly.
#[derive(Debug, Clone, Args)]
pub(crate) struct ComputingArgs {
    /// auto, cpu, or a GPU: cuda, rocm, metal, vulkan or webgpu, with its number where there are
    /// several (cuda:1); several of them at once as cuda:0,cuda:1. auto is the first GPU that
    /// works, else the CPU; `pairbench doctor` lists them
    #[arg(long, value_name = "DEVICE", default_value_t)]
    pub(crate) device: Choice,
    /// Working precision
    #[arg(long, value_enum, default_value_t)]
    pub(crate) dtype: DtypeArg,
}

impl ComputingArgs {
    pub(crate) fn request(
        self,
        batch_tokens: Option<u32>,
        int8_batch: Option<u32>,
    ) -> BackendRequest {
        let dtype = self.dtype.into();
        BackendRequest {
            device: self.device,
            dtype,
            batch_tokens,
            int8_batch,
        }
    }
}

/// Where repositories come from. Token, cache and endpoint follow HF_TOKEN, HF_HUB_CACHE, HF_HOME
/// and HF_ENDPOINT.
#[derive(Debug, Clone, Args)]
pub(crate) struct HubArgs {
    /// Use only what the hub's cache has; no network at all
    #[arg(long)]
    pub(crate) offline: bool,
    /// Branch, tag or commit of models that name none
    #[arg(long, value_name = "REVISION")]
    pub(crate) revision: Option<String>,
}

impl From<HubArgs> for HubRequest {
    fn from(typed: HubArgs) -> Self {
        Self {
            offline: typed.offline,
            revision: typed.revision,
        }
    }
}

/// What is said while a command works, all of it on stderr.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Messages")]
pub(crate) struct TalkArgs {
    /// Only errors on stderr
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Also where files come from and what is decided on the way
    #[arg(long, short, global = true)]
    verbose: bool,
    /// Signs of life during long steps
    #[arg(long, value_name = "STYLE", value_enum, default_value_t, global = true)]
    progress: ProgressArg,
    /// Colours in tables
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, global = true)]
    color: ColorArg,
}

impl From<TalkArgs> for Settings {
    fn from(typed: TalkArgs) -> Self {
        let verbosity = match (typed.quiet, typed.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        };
        Self {
            verbosity,
            progress: typed.progress.into(),
            color: typed.color.into(),
        }
    }
}

/// A number that is not 0.
pub(super) fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    let expected = |_| "expected a whole number, 1 or more".to_owned();
    text.parse().map_err(expected)
}
