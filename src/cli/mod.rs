//! What was typed. Code below [`crate::commands::run`] never sees this.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::checkpoint::ModelSpec;
use crate::comparison::gate::sequential::SEED;
use crate::data::shard::Shard;
use crate::device::Choice;
use crate::report;
use crate::text::contract::InputContract;

const EXAMPLES: &str = "\
Try it: `pairbench run` scores two built-in demonstration models in seconds.

Reproduce a published table:
  pairbench run --model llm-blender/PairRM-hf --benchmark reward-bench --published model-card
Check a new checkpoint for regressions, beside the last good one:
  pairbench run --model old=runs/1 --model new=runs/2 --template pairrm --data pairs.jsonl --out reports/runs/2
  pairbench compare reports/runs/2:old reports/runs/2:new --gate drop:average:0.01
Leave a report for people and machines:
  pairbench run --model runs/2,template=pairrm --data pairs.jsonl --out reports/runs/2
  pairbench report reports/runs/1 reports/runs/2 --format markdown

Results go to stdout, talk and progress to stderr.
Exit codes: 0 done, 2 usage, 3 a gate's rule failed, 4 bad input, 5 not available, 6 invalid verdicts, 7 out of resources,
8 a gate is inconclusive (only with --strict-gate), 75 another run writes to the directory, 129, 130, 143 stopped by HUP, INT, TERM.";

const GATES: &str = "\
A side is a run directory (`pairbench run --out DIR`) or a published table (`pairbench published`), with :MODEL where there are
several. Pairs are matched by subset and id, or by row where the data has no ids and is the same. A published table has no
verdicts: the comparison is unpaired then.

Rules; SCOPE is average, rewardbench, total, section:NAME, section:*, subset:NAME or subset:*
  drop:SCOPE:X              fails when the 95 % interval of the difference lies below -X, passes when it lies above, else
                            inconclusive; with several lines the intervals hold together (Bonferroni)
  significant-drop:SCOPE:A  fails when the candidate is worse and the exact p-value (Holm-corrected over several lines) is below A
  min:SCOPE:X               fails when the measured figure is below X
  max-ties:N, max-invalid:N, max-position-bias:X    of the candidate
A FILE.toml holds rules = [\"drop:average:0.01\", ...].

Exit codes: 3 a rule failed, 8 with --strict-gate one was inconclusive and none failed.";

/// Scores pair reward models on preference benchmarks, with no Python and no GPU.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Score models on pairs and print the comparative table
    Run(Box<RunArgs>),
    /// Compare two runs, or a run and a published table, pair by pair; with --gate, fail where
    /// rules are not met
    #[command(after_help = GATES)]
    Compare(CompareArgs),
    /// Show finished runs again, in any format, as the columns of one table
    Report(ReportArgs),
    /// Put the finished shards of a run together
    Merge(MergeArgs),
    /// Download and verify models and the data of benchmarks, for use without a network
    Fetch(FetchArgs),
    /// Show what a checkpoint or a file of pairs is: sizes, template, token lengths, truncation
    Inspect(InspectArgs),
    /// Measure how fast a model is on this machine
    Bench(BenchArgs),
    /// Print published tables
    Published {
        /// One table [default: all]
        name: Option<String>,
    },
    /// Show how many verdicts are kept for later runs and where, or remove them
    Cache {
        #[command(subcommand)]
        action: Option<CacheAction>,
    },
    /// Show what would be used on this machine: device, threads, caches, settings
    Doctor,
    /// Write shell completions, man pages or the schemas of JSON documents
    #[command(subcommand)]
    Generate(Generate),
}

#[derive(Debug, Subcommand)]
pub enum CacheAction {
    /// Remove all kept verdicts
    Clear,
}

#[derive(Debug, Subcommand)]
pub enum Generate {
    /// Print a completion script, for example into
    /// ~/.local/share/bash-completion/completions/pairbench
    Completions { shell: clap_complete::Shell },
    /// Write pairbench.1 and a page for each command
    Man {
        /// Directory for the pages, for example ~/.local/share/man/man1
        dir: PathBuf,
    },
    /// Print the JSON Schema (draft 2020-12) of a document that pairbench writes
    Schema { document: Document },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Document {
    /// What run and report print with --format json, and summary.json
    Summary,
    /// What compare prints with --format json
    Comparison,
    /// run.json
    Run,
    /// An error on stderr, with --format json
    Error,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// A checkpoint: a directory, or `owner/name[@revision]` on the hub; once per model [default:
    /// two built-in demonstration models]
    #[arg(long = "model", value_name = "[NAME=]SPEC[,template=T]")]
    pub models: Vec<ModelSpec>,
    /// `reward-bench`, `quickstart`, or a definition of your own; keeps only its subsets [default:
    /// quickstart, or all of --data]
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub benchmark: Option<String>,
    /// Pairs as .parquet, .jsonl, .json or .csv with columns prompt, chosen, rejected [, subset,
    /// id], instead of the benchmark's own
    #[arg(long = "data", value_name = "FILE")]
    pub data: Vec<PathBuf>,
    /// Only subsets that match; may be repeated
    #[arg(long = "subset", value_name = "GLOB")]
    pub subsets: Vec<String>,
    /// Text template of models that do not name their own
    #[arg(long, value_name = "T")]
    pub template: Option<InputContract>,
    #[command(flatten)]
    pub computing: ComputingArgs,
    /// With --dtype int8: find outlier columns over batches of N pairs, as the reference does with
    /// 64; without it by row, so that no verdict depends on another pair
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub int8_batch: Option<u32>,
    /// With --dtype int8 or f16: the directory of an f32 run of the same models; the report says
    /// how many verdicts differ
    #[arg(long, value_name = "DIR")]
    pub f32_run: Option<PathBuf>,
    /// Directory for run.json, verdicts.parquet, summary.json, report.md and report.html
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Only the first N pairs
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Go on with the run that --out holds: pairs that have a verdict there are not scored again
    #[arg(long)]
    pub resume: bool,
    /// Only part I of N, for `pairbench merge`; without a value the part that this task of a Slurm
    /// array or pod of a Kubernetes Indexed Job is
    #[arg(long, value_name = "I/N", num_args = 0..=1, default_missing_value = "auto", value_parser = shard)]
    pub shard: Option<Shard>,
    /// Neither look verdicts up in the cache nor keep them there
    #[arg(long)]
    pub no_cache: bool,
    /// Threads; 0 is one per core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Tokens in the model at once; more is faster up to a point and takes more memory [default:
    /// 2048, on a GPU 16384]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_tokens: Option<u32>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Score what is there although its counts differ from the benchmark's; the report says PARTIAL
    #[arg(long)]
    pub allow_partial: bool,
    /// Put a published table beside the measured columns: `model-card` or `rewardbench-paper`
    #[arg(long, value_name = "NAME")]
    pub published: Option<String>,
    #[command(flatten)]
    pub against: AgainstArgs,
    #[command(flatten)]
    pub hub: HubArgs,
}

/// What computes, and how exactly.
#[derive(Debug, Clone, Args)]
pub struct ComputingArgs {
    /// auto, cpu, or a GPU: cuda, rocm, metal, vulkan or webgpu, with its number where there are
    /// several (cuda:1); several of them at once as cuda:0,cuda:1. auto is the first GPU that
    /// works, else the CPU; `pairbench doctor` lists them
    #[arg(long, value_name = "DEVICE", default_value_t)]
    pub device: Choice,
    /// Working precision
    #[arg(long, value_enum, default_value_t)]
    pub dtype: DtypeArg,
}

/// A gate that ends the run.
#[derive(Debug, Args)]
pub struct AgainstArgs {
    /// A run to compare the one model with: scores in random order, in proportion from every
    /// subset, and stops as soon as the gate is settled; prints the comparison
    #[arg(long = "against", value_name = "DIR[:MODEL]", requires = "gates", conflicts_with_all = ["published", "f32_run", "int8_batch", "shard"])]
    pub baseline: Option<String>,
    /// With --against: a rule that the model must meet, or a file of rules, as for `pairbench
    /// compare`; may be repeated
    #[arg(long = "gate", value_name = "FILE.toml|RULE", requires = "baseline")]
    pub gates: Vec<String>,
    /// With --against: exit with 8 where a rule can be neither passed nor failed
    #[arg(long, requires = "baseline")]
    pub strict_gate: bool,
    /// With --against: decides the order of the pairs
    #[arg(long, value_name = "N", default_value_t = SEED, requires = "baseline")]
    pub seed: u64,
}

/// Where repositories come from. Token, cache and endpoint follow HF_TOKEN, HF_HUB_CACHE, HF_HOME
/// and HF_ENDPOINT.
#[derive(Debug, Clone, Args)]
pub struct HubArgs {
    /// Use only what the hub's cache has; no network at all
    #[arg(long)]
    pub offline: bool,
    /// Branch, tag or commit of models that name none
    #[arg(long, value_name = "REVISION")]
    pub revision: Option<String>,
}

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The last good run, or a published table
    #[arg(value_name = "DIR|TABLE[:MODEL]")]
    pub baseline: String,
    /// The run to judge
    #[arg(value_name = "DIR|TABLE[:MODEL]")]
    pub candidate: String,
    /// A rule that the candidate must meet, or a file of rules; may be repeated
    #[arg(long = "gate", value_name = "FILE.toml|RULE")]
    pub gates: Vec<String>,
    /// Exit with 8 where a rule can be neither passed nor failed
    #[arg(long)]
    pub strict_gate: bool,
    /// List N pairs whose verdict changed, the largest change of the margin first [default: 20];
    /// --format html lists them unasked, --format csv instead of the differences
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "20")]
    pub flips: Option<usize>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    pub format: CompareFormat,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Directories that `pairbench run --out DIR` wrote; all of the same benchmark and subset sizes
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Put a published table beside the measured columns: `model-card` or `rewardbench-paper`
    #[arg(long, value_name = "NAME")]
    pub published: Option<String>,
}

#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Directories that `pairbench run --shard I/N --out DIR` wrote: every shard once
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Directory for the merged run
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Models as `owner/name[@revision]`, benchmarks as `reward-bench` or FILE.toml
    #[arg(required = true, value_name = "SPEC")]
    pub specs: Vec<String>,
    #[command(flatten)]
    pub hub: HubArgs,
}

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A checkpoint (directory or `owner/name[@revision]`), a file of pairs, or a benchmark
    #[arg(value_name = "SPEC|FILE")]
    pub what: String,
    /// For a file of pairs: count tokens with the tokenizers of these models
    #[arg(long = "model", value_name = "[NAME=]SPEC")]
    pub models: Vec<ModelSpec>,
    /// For a file of pairs: the benchmark whose counts it should have
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub benchmark: Option<String>,
    /// For a checkpoint: its text template
    #[arg(long, value_name = "T")]
    pub template: Option<InputContract>,
    #[command(flatten)]
    pub hub: HubArgs,
}

#[derive(Debug, Args)]
pub struct BenchArgs {
    /// A checkpoint
    #[arg(long, value_name = "[NAME=]SPEC")]
    pub model: ModelSpec,
    /// Lengths of the token rows, each measured by itself
    #[arg(long = "length", value_name = "N", value_delimiter = ',', default_values_t = [128, 512, 1024, 2048], value_parser = clap::value_parser!(u32).range(3..=65_536))]
    pub lengths: Vec<u32>,
    /// Tokens in all rows of one length
    #[arg(long, value_name = "N", default_value_t = 8192)]
    pub tokens: usize,
    /// Token rows instead: a JSON list of ids on each line, with the three markers in it
    #[arg(long, value_name = "FILE.jsonl", conflicts_with = "lengths")]
    pub ids: Option<PathBuf>,
    #[command(flatten)]
    pub computing: ComputingArgs,
    /// Times that the rows are scored; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeats: u32,
    /// Threads; 0 is one per core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Tokens in the model at once [default: 2048, on a GPU 16384]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_tokens: Option<u32>,
    /// Any template: rows are made of ids
    #[arg(long, value_name = "T", hide = true)]
    pub template: Option<InputContract>,
    /// What is printed on stdout; JSON has the logits, too
    #[arg(long, value_enum, default_value_t)]
    pub format: BenchFormat,
    #[command(flatten)]
    pub hub: HubArgs,
}

fn shard(text: &str) -> Result<Shard, String> {
    if text == "auto" {
        Shard::of_task(|key| std::env::var(key).ok())
    } else {
        text.parse()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum BenchFormat {
    #[default]
    Table,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DtypeArg {
    /// f32, the reference's precision; on a GPU f16, which is the fastest that turns no verdict of
    /// the golden pairs
    #[default]
    Auto,
    /// Arithmetic in f32, never in TF32; on a CPU, weights that are stored in half precision stay
    /// so in memory
    F32,
    /// On a GPU everything in half precision but the sums; on a CPU arithmetic in f32 on weights
    /// rounded to half precision: half the memory
    F16,
    /// As f16, with the range of f32 and less precision; on a GPU only
    Bf16,
    /// LLM.int8(), as the published tables were measured: the fastest on a CPU, and the least
    /// exact; on a CPU only
    Int8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Markdown,
    /// One page with charts that needs nothing but a browser
    Html,
    Json,
    Csv,
    /// A table for booktabs
    Latex,
    /// XML that CI systems read: a suite for each model, a case for each subset
    Junit,
    /// Markdown for a step summary or a comment
    Github,
}

impl Format {
    /// The same for a comparison.
    pub fn of_comparison(self) -> Option<CompareFormat> {
        match self {
            Self::Table => Some(CompareFormat::Table),
            Self::Markdown => Some(CompareFormat::Markdown),
            Self::Html => Some(CompareFormat::Html),
            Self::Json => Some(CompareFormat::Json),
            Self::Csv => Some(CompareFormat::Csv),
            Self::Junit => Some(CompareFormat::Junit),
            Self::Github => Some(CompareFormat::Github),
            Self::Latex => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum CompareFormat {
    #[default]
    Table,
    Markdown,
    /// One page with charts that needs nothing but a browser
    Html,
    Json,
    Csv,
    /// XML that CI systems read: a case for each rule of the gate
    Junit,
    /// Markdown for a step summary or a comment, with annotations for rules that are not met
    Github,
}

impl From<Format> for report::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Table => Self::Table,
            Format::Markdown => Self::Markdown,
            Format::Html => Self::Html,
            Format::Json => Self::Json,
            Format::Csv => Self::Csv,
            Format::Latex => Self::Latex,
            Format::Junit => Self::Junit,
            Format::Github => Self::Github,
        }
    }
}

impl From<CompareFormat> for report::Format {
    fn from(format: CompareFormat) -> Self {
        match format {
            CompareFormat::Table => Self::Table,
            CompareFormat::Markdown => Self::Markdown,
            CompareFormat::Html => Self::Html,
            CompareFormat::Json => Self::Json,
            CompareFormat::Csv => Self::Csv,
            CompareFormat::Junit => Self::Junit,
            CompareFormat::Github => Self::Github,
        }
    }
}
