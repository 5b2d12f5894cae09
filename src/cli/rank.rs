//! The flags of `pairbench rank` and `pairbench score`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::checkpoint::ModelSpec;
use crate::cli::shared::{ComputingArgs, HubArgs, at_least_one};
use crate::commands::rank::{Comparing, Input, MethodName, MethodRequest, Order, RankRequest};
use crate::ranking::ReferenceMode;
use crate::support::input_file::STDIN;
use crate::text::contract::InputContract;

#[derive(Debug, Args)]
pub(crate) struct RankArgs {
    /// JSON Lines, a prompt with its candidates on each; `-` is standard input
    #[arg(value_name = "FILE|-", default_value = STDIN)]
    lines: PathBuf,
    /// Instead of lines: the candidates of the one --prompt. A .jsonl file has a JSON string on
    /// each line, a .json file a list of strings; of any other file each line is a candidate
    #[arg(
        long,
        value_name = "FILE",
        requires = "prompt",
        conflicts_with = "lines"
    )]
    candidates: Option<PathBuf>,
    /// With --candidates: the prompt
    #[arg(long, value_name = "TEXT", requires = "candidates")]
    prompt: Option<String>,
    #[command(flatten)]
    stream: StreamArgs,
    /// What is found out, by the names of llm_blender's functions: rank (ranks and scores, which
    /// are the mean of how much a candidate is preferred to each, itself included, in both orders;
    /// under a scalar model the model's), rank-with-ref (how much each is preferred to one of
    /// them), compare (of two, whether the left one is better) or best-of-n [default: rank]
    #[arg(long, value_name = "METHOD", value_parser = named(&MethodName::ALL))]
    method: Option<MethodName>,
    /// With --method rank-with-ref: which candidate the others are compared with, where a line
    /// names no `reference` [default: longest]
    #[arg(long, value_name = "WHICH", value_parser = named(&ReferenceMode::ALL))]
    ref_mode: Option<ReferenceMode>,
    /// With --method compare: the logit of a pairwise model with A, the first candidate, on the
    /// left, that with B on the left, or the first minus the second [default: [A,B]+[B,A]]
    #[arg(long, value_name = "ORDER", value_parser = named(&Order::ALL))]
    mode: Option<Order>,
    /// With --method best-of-n: how a pairwise model finds the best, by n − 1 comparisons in an
    /// order that --seed decides, or by comparing each with each [default: bubble]
    #[arg(long, value_name = "HOW", value_parser = named(&Comparing::ALL))]
    cmp_type: Option<Comparing>,
    /// With --cmp-type bubble: decides the order in which candidates meet [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Only the K best candidates, with their texts
    #[arg(long, value_name = "K", value_parser = at_least_one)]
    top: Option<NonZeroUsize>,
    /// Also how much each candidate is preferred to each other
    #[arg(long, value_name = "REASON", value_parser = ["margins"])]
    reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ScoreArgs {
    /// JSON Lines, a prompt with one answer or two on each; `-` is standard input
    #[arg(value_name = "FILE|-", default_value = STDIN)]
    lines: PathBuf,
    #[command(flatten)]
    stream: StreamArgs,
}

/// What both have.
#[derive(Debug, Args)]
struct StreamArgs {
    /// A checkpoint: a directory, or `owner/name[@revision]` on the hub [default: a built-in
    /// demonstration model]
    #[arg(long, value_name = "[NAME=]SPEC[,template=T][,backbone=B]")]
    model: Option<ModelSpec>,
    /// Text template of a model that has none of its own
    #[arg(long, value_name = "T")]
    template: Option<InputContract>,
    #[command(flatten)]
    computing: ComputingArgs,
    /// Milliseconds to wait for further lines after one has come, to compute them together; 0 takes
    /// those that are there
    #[arg(long, value_name = "MS", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u32).range(..=60_000))]
    batch_wait: u32,
    /// First a line that says what the figures are measured with: model, hashes, template,
    /// precision, device
    #[arg(long)]
    header: bool,
    /// Threads, at most 1024; 0 is one per core
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Tokens in the model at once; more is faster up to a point and takes more memory [default:
    /// 2048, on a GPU 32768]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch_tokens: Option<u32>,
    #[command(flatten)]
    hub: HubArgs,
}

/// Words, each for what it names.
fn named<T: Copy + Send + Sync + 'static>(
    all: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    let words = PossibleValuesParser::new(all.iter().map(|(name, _)| *name));
    words.try_map(|word| {
        let found = all.iter().find(|(name, _)| *name == word);
        found.map(|(_, value)| *value).ok_or("no such word")
    })
}

impl StreamArgs {
    fn request(self, input: Input, method: MethodRequest) -> RankRequest {
        RankRequest {
            model: self.model,
            contract: self.template,
            backend: self.computing.request(self.batch_tokens, None),
            threads: self.threads,
            hub: self.hub.into(),
            input,
            method,
            batch_wait: Duration::from_millis(self.batch_wait.into()),
            header: self.header,
        }
    }
}

impl From<RankArgs> for RankRequest {
    fn from(typed: RankArgs) -> Self {
        let method = MethodRequest {
            name: typed.method.unwrap_or_default(),
            reference: typed.ref_mode,
            order: typed.mode,
            comparing: typed.cmp_type,
            seed: typed.seed,
            top: typed.top,
            margins: typed.reason.is_some(),
        };
        // clap takes both or none.
        let input = match (typed.candidates, typed.prompt) {
            (Some(file), Some(prompt)) => Input::Candidates { prompt, file },
            _ => Input::Lines(typed.lines),
        };
        typed.stream.request(input, method)
    }
}

impl From<ScoreArgs> for RankRequest {
    fn from(typed: ScoreArgs) -> Self {
        let method = MethodRequest {
            name: MethodName::Score,
            ..MethodRequest::default()
        };
        typed.stream.request(Input::Lines(typed.lines), method)
    }
}
