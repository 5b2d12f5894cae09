//! The flags of `pairbench run`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::checkpoint::ModelSpec;
use crate::cli::shared::{ComputingArgs, HubArgs, at_least_one};
use crate::cli::values::{FormatArg, PairsArg, format};
use crate::commands::run::{AgainstRequest, RunRequest};
use crate::comparison::gate::sequential::SEED;
use crate::data::ColumnMap;
use crate::data::selection::Selection;
use crate::data::shard::Shard;
use crate::support::existing::Existing;
use crate::text::contract::InputContract;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct RunArgs {
    /// A checkpoint: a directory, or `owner/name[@revision]` on the hub; once per model [default:
    /// three built-in demonstration models]
    #[arg(long = "model", value_name = "[NAME=]SPEC[,template=T][,backbone=B]")]
    pub(crate) models: Vec<ModelSpec>,
    /// One of `pairbench list benchmarks`, or a definition of your own; keeps only its subsets
    /// [default: quickstart, or all of --data]
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub(crate) benchmark: Option<String>,
    /// Pairs as .parquet, .jsonl, .json, .csv or .tsv (texts also as .gz or .zst) with columns
    /// prompt, chosen, rejected [, subset, id], instead of the benchmark's own; `-` is JSON Lines
    /// from standard input
    #[arg(long = "data", value_name = "FILE|-")]
    pub(crate) data: Vec<PathBuf>,
    /// Columns that have other names, for example
    /// `prompt=instruction,chosen=response_a,rejected=response_b`; where a column says which of the
    /// two is better, with label=COLUMN or label=COLUMN:FIRST/SECOND, the labels that mean the one
    /// and the other (-/+ are the signs of numbers, | stands between labels of one meaning), and
    /// tie=COLUMN where ties stand apart; ties=drop leaves out rows whose label is a tie, ties=keep
    /// keeps them for a benchmark of agreement; implicit-prompt=extract takes what both answers
    /// begin with for the prompt; id= does without ids
    #[arg(long, value_name = "NAME=COLUMN,...", requires = "data")]
    pub(crate) map: Option<ColumnMap>,
    /// Only subsets that match; may be repeated
    #[arg(long = "subset", value_name = "GLOB")]
    pub(crate) subsets: Vec<String>,
    /// Text template of models that have none of their own: neither `,template=T` nor a
    /// pairbench.toml beside their config.json. One that says something else is an error
    #[arg(long, value_name = "T")]
    pub(crate) template: Option<InputContract>,
    /// Score each model that names no template of its own under every template that it can take,
    /// side by side
    #[arg(long, conflicts_with_all = ["template", "baseline"])]
    pub(crate) every_template: bool,
    #[command(flatten)]
    pub(crate) computing: ComputingArgs,
    /// With --dtype int8: find outlier columns over batches of N pairs, as the reference does with
    /// 64; without it by row, so that no verdict depends on another pair
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub int8_batch: Option<u32>,
    /// The directory of an f32 run of the same models on the same files, with any other --dtype: the
    /// report says how many verdicts differ
    #[arg(long, value_name = "DIR")]
    pub f32_run: Option<PathBuf>,
    /// Directory for run.json, verdicts.parquet, summary.json, report.md and report.html
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Only the first N pairs, at least 1
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) limit: Option<NonZeroUsize>,
    /// Which of several answers to a prompt a pairwise model compares, where the metric has it
    /// compare all
    #[arg(long, value_name = "WHICH", value_enum, default_value_t)]
    pub(crate) pairs: PairsArg,
    /// Go on with the run that --out holds: pairs that have a verdict there are not scored again
    #[arg(long)]
    pub(crate) resume: bool,
    /// Let the run take the place of what --out holds: an unfinished run, or a finished one of
    /// another plan. Files that pairbench did not write stay, unless they are called as its own
    #[arg(long, conflicts_with = "resume")]
    pub(crate) overwrite: bool,
    /// Only part I of N, for `pairbench merge`; without a value the part that this task of a Slurm
    /// array or pod of a Kubernetes Indexed Job is
    #[arg(long, value_name = "I/N", num_args = 0..=1, default_missing_value = "auto")]
    #[arg(value_parser = shard)]
    pub(crate) shard: Option<Shard>,
    /// Neither look verdicts up in the cache nor keep them there
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Threads, at most 1024; 0 is one per core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) threads: usize,
    /// Tokens in the model at once; more is faster up to a point and takes more memory [default:
    /// 2048, on a GPU 32768]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch_tokens: Option<u32>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: FormatArg,
    /// Short for --format plot: dots and intervals in the place of figures
    #[arg(long, conflicts_with = "format")]
    pub(crate) plot: bool,
    /// Score what is there although its counts differ from the benchmark's, or, with --against,
    /// from the baseline's; the report says PARTIAL, and no rule that lacks pairs can pass
    #[arg(long)]
    pub(crate) allow_partial: bool,
    /// Put a published table beside the measured columns: one of `pairbench list published`; MODEL
    /// where a model did not come from the hub repository that the table names
    #[arg(long, value_name = "TABLE[:MODEL]")]
    pub(crate) published: Option<String>,
    #[command(flatten)]
    pub(crate) against: AgainstArgs,
    #[command(flatten)]
    pub(crate) hub: HubArgs,
}

/// A gate that ends the run.
#[derive(Debug, Args)]
pub(crate) struct AgainstArgs {
    /// A run to compare the one model with: scores in random order, in proportion from every
    /// subset, and stops as soon as the gate is settled; prints the comparison
    #[arg(long = "against", value_name = "DIR[:MODEL]", requires = "gates")]
    #[arg(conflicts_with_all = ["published", "f32_run", "int8_batch", "shard"])]
    pub(crate) baseline: Option<String>,
    /// With --against: a rule that the model must meet, or a file of rules, as for `pairbench
    /// compare`; may be repeated
    #[arg(long = "gate", value_name = "FILE.toml|RULE", requires = "baseline")]
    pub(crate) gates: Vec<String>,
    /// With --against: exit with 8 where a rule can be neither passed nor failed
    #[arg(long, requires = "baseline")]
    pub(crate) strict_gate: bool,
    /// With --against: decides the order of the pairs
    #[arg(long, value_name = "N", default_value_t = SEED, requires = "baseline")]
    pub(crate) seed: u64,
}

/// clap takes no more than one of them.
fn existing(resume: bool, overwrite: bool) -> Existing {
    if resume {
        Existing::Resume
    } else if overwrite {
        Existing::Overwrite
    } else {
        Existing::Keep
    }
}

fn shard(text: &str) -> Result<Shard, String> {
    if text == "auto" {
        Shard::of_task(|key| std::env::var(key).ok())
    } else {
        text.parse()
    }
}

impl From<RunArgs> for RunRequest {
    fn from(typed: RunArgs) -> Self {
        Self {
            models: typed.models,
            benchmark: typed.benchmark,
            data: typed.data,
            map: typed.map.unwrap_or_default(),
            selection: Selection {
                subsets: typed.subsets,
                limit: typed.limit.map(NonZeroUsize::get),
                allow_partial: typed.allow_partial,
                star: typed.pairs == PairsArg::Star,
            },
            contract: typed.template,
            every_contract: typed.every_template,
            backend: typed
                .computing
                .request(typed.batch_tokens, typed.int8_batch),
            f32_run: typed.f32_run,
            out: typed.out,
            existing: existing(typed.resume, typed.overwrite),
            shard: typed.shard,
            cache: !typed.no_cache,
            threads: typed.threads,
            format: format(typed.plot, typed.format),
            published: typed.published,
            against: typed.against.request(),
            hub: typed.hub.into(),
        }
    }
}

impl AgainstArgs {
    fn request(self) -> Option<AgainstRequest> {
        Some(AgainstRequest {
            baseline: self.baseline?,
            gates: self.gates,
            strict: self.strict_gate,
            seed: self.seed,
        })
    }
}
