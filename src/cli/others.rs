//! The flags of all commands but `run`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::checkpoint::ModelSpec;
use crate::cli::shared::{ComputingArgs, HubArgs};
use crate::cli::values::{BenchFormatArg, CompareFormatArg, FormatArg, ReportFormatArg, format};
use crate::commands::bench::BenchRequest;
use crate::commands::compare::CompareRequest;
use crate::commands::fetch::FetchRequest;
use crate::commands::inspect::InspectRequest;
use crate::commands::merge::MergeRequest;
use crate::commands::report::{ReportFormat, ReportRequest};
use crate::data::ColumnMap;
use crate::report::Format;
use crate::support::existing::Existing;
use crate::text::contract::InputContract;

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The last good run, or a published table
    #[arg(value_name = "DIR|TABLE[:MODEL]")]
    pub(crate) baseline: String,
    /// The run to judge
    #[arg(value_name = "DIR|TABLE[:MODEL]")]
    pub(crate) candidate: String,
    /// A rule that the candidate must meet, or a file of rules; may be repeated
    #[arg(long = "gate", value_name = "FILE.toml|RULE")]
    pub(crate) gates: Vec<String>,
    /// With --gate: exit with 8 where a rule can be neither passed nor failed
    #[arg(long, requires = "gates")]
    pub(crate) strict_gate: bool,
    /// Compare what is there although the candidate lacks pairs of the baseline; the report says
    /// PARTIAL, and no rule about a figure that lacks pairs can pass
    #[arg(long)]
    pub(crate) allow_partial: bool,
    /// List N pairs whose verdict changed, the largest change of the margin first [default: 20];
    /// --format html lists them unasked, --format csv instead of the differences
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "20")]
    pub(crate) flips: Option<usize>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: CompareFormatArg,
    /// Short for --format plot: dots and intervals in the place of figures
    #[arg(long, conflicts_with = "format")]
    pub(crate) plot: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Directories that `pairbench run --out DIR` wrote; all of the same benchmark and subset
    /// sizes. With :MODEL only that model's column
    #[arg(required = true, value_name = "RUN[:MODEL]")]
    pub(crate) runs: Vec<OsString>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ReportFormatArg,
    /// Short for --format plot: dots and intervals in the place of figures
    #[arg(long, conflicts_with = "format")]
    pub(crate) plot: bool,
    /// Directory for the files of --format reward-bench, every-eval-ever and hub-eval-results
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Put a published table beside the measured columns: one of `pairbench list published`; MODEL
    /// where a model did not come from the hub repository that the table names
    #[arg(long, value_name = "TABLE[:MODEL]")]
    pub(crate) published: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// Directories that `pairbench run --shard I/N --out DIR` wrote: every shard once
    #[arg(required = true, value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    /// Directory for the merged run
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Let the merged run take the place of what --out holds; files that pairbench did not write
    /// stay, unless they are called as its own
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: FormatArg,
}

#[derive(Debug, Args)]
pub(crate) struct FetchArgs {
    /// Models as `owner/name[@revision]`, benchmarks as `reward-bench` or FILE.toml
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<String>,
    #[command(flatten)]
    pub(crate) hub: HubArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A checkpoint (directory or `owner/name[@revision]`), a file of pairs, `-` for pairs from
    /// standard input, or a benchmark
    #[arg(value_name = "SPEC|FILE")]
    pub(crate) what: String,
    /// For a file of pairs: count tokens with the tokenizers of these models
    #[arg(long = "model", value_name = "[NAME=]SPEC")]
    pub(crate) models: Vec<ModelSpec>,
    /// For a checkpoint: pairs of which three are shown as the model reads them, under each
    /// template that it can take, with what truncation cuts and what may be wrong
    #[arg(long = "data", value_name = "FILE")]
    pub(crate) data: Vec<PathBuf>,
    /// For files of pairs: which of their columns are which, as for `pairbench run`
    #[arg(long, value_name = "NAME=COLUMN,...")]
    pub(crate) map: Option<ColumnMap>,
    /// For a file of pairs: the benchmark whose counts it should have
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub(crate) benchmark: Option<String>,
    /// For a checkpoint without a pairbench.toml: its text template
    #[arg(long, value_name = "T")]
    pub(crate) template: Option<InputContract>,
    #[command(flatten)]
    pub(crate) hub: HubArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// A checkpoint
    #[arg(long, value_name = "[NAME=]SPEC")]
    pub(crate) model: ModelSpec,
    /// Lengths of the token rows, each measured by itself
    #[arg(long = "length", value_name = "N", value_delimiter = ',')]
    #[arg(default_values_t = [128, 512, 1024, 2048])]
    #[arg(value_parser = clap::value_parser!(u32).range(3..=65_536))]
    pub(crate) lengths: Vec<u32>,
    /// Tokens in all rows of one length
    #[arg(long, value_name = "N", default_value = "8192")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    pub(crate) tokens: u32,
    /// Token rows instead: a JSON list of ids on each line, for a pairwise head with the three
    /// markers in it
    #[arg(long, value_name = "FILE.jsonl", conflicts_with = "lengths")]
    pub(crate) ids: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) computing: ComputingArgs,
    /// Times that the rows are scored; the median counts
    #[arg(long, value_name = "N", default_value_t = 3)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) repeats: u32,
    /// Threads, at most 1024; 0 is one per core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) threads: usize,
    /// Tokens in the model at once [default: 2048, on a GPU 32768]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch_tokens: Option<u32>,
    /// Any template: rows are made of ids
    #[arg(long, value_name = "T", hide = true)]
    pub(crate) template: Option<InputContract>,
    /// What is printed on stdout; JSON has the logits, too
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: BenchFormatArg,
    #[command(flatten)]
    pub(crate) hub: HubArgs,
}

impl From<CompareArgs> for CompareRequest {
    fn from(typed: CompareArgs) -> Self {
        Self {
            baseline: typed.baseline,
            candidate: typed.candidate,
            gates: typed.gates,
            strict: typed.strict_gate,
            allow_partial: typed.allow_partial,
            flips: typed.flips,
            format: format(typed.plot, typed.format),
        }
    }
}

impl From<ReportArgs> for ReportRequest {
    fn from(typed: ReportArgs) -> Self {
        Self {
            runs: typed.runs,
            format: if typed.plot {
                ReportFormat::Printed(Format::Plot)
            } else {
                typed.format.into()
            },
            out: typed.out,
            published: typed.published,
        }
    }
}

impl From<MergeArgs> for MergeRequest {
    fn from(typed: MergeArgs) -> Self {
        Self {
            runs: typed.runs,
            out: typed.out,
            existing: if typed.overwrite {
                Existing::Overwrite
            } else {
                Existing::Keep
            },
            format: typed.format.into(),
        }
    }
}

impl From<FetchArgs> for FetchRequest {
    fn from(typed: FetchArgs) -> Self {
        Self {
            specs: typed.specs,
            hub: typed.hub.into(),
        }
    }
}

impl From<InspectArgs> for InspectRequest {
    fn from(typed: InspectArgs) -> Self {
        Self {
            what: typed.what,
            models: typed.models,
            map: typed.map.unwrap_or_default(),
            benchmark: typed.benchmark,
            contract: typed.template,
            data: typed.data,
            hub: typed.hub.into(),
        }
    }
}

impl From<BenchArgs> for BenchRequest {
    fn from(typed: BenchArgs) -> Self {
        Self {
            model: typed.model,
            lengths: typed.lengths,
            tokens: typed.tokens as usize,
            ids: typed.ids,
            backend: typed.computing.request(typed.batch_tokens, None),
            repeats: typed.repeats,
            threads: typed.threads,
            format: typed.format.into(),
            hub: typed.hub.into(),
        }
    }
}
