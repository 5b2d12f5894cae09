//! Words that flags take, with what the help says of each.

use clap::ValueEnum;

use crate::commands::OutputFormat;
use crate::commands::bench::BenchFormat;
use crate::commands::generate::Schema;
use crate::commands::report::ReportFormat;
use crate::device::backend::DtypeChoice;
use crate::report::Format;
use crate::report::exchange::ExchangeFormat;
use crate::support::terminal::{Color, ProgressStyle};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum BenchFormatArg {
    #[default]
    Table,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum DtypeArg {
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
    /// On a GPU as f16, with the range of f32 and less precision; on a CPU with AVX512-BF16 or AMX,
    /// factors of all products in bf16 and everything else in f32: half the memory, and faster
    Bf16,
    /// LLM.int8(), as the published tables were measured: the fastest on a CPU, and the least
    /// exact; on a CPU only
    Int8,
    /// 8 bits with a zero point for each token row, nearer to f32 than LLM.int8(); on a CPU only
    Int8Affine,
    /// f32's verdicts faster: every pair in the fastest precision (f16 on a GPU; on a CPU bf16
    /// where it has the instructions, else 8 bits), and those whose verdict f32 could turn again in
    /// f32; the report says what was shown
    Verified,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum PairsArg {
    /// Every answer with every other one, in both orders: n · (n − 1) rows for n answers
    #[default]
    Full,
    /// The first answer with every other one, in both orders: 2 · (n − 1) rows
    Star,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum FormatArg {
    #[default]
    Table,
    /// As the table, with dots and intervals in the place of figures
    Plot,
    Markdown,
    /// One page with charts that needs nothing but a browser
    Html,
    /// A picture of the figures with their intervals
    Svg,
    Json,
    Csv,
    /// A table for booktabs
    Latex,
    /// XML that CI systems read: a suite for each model, a case for each subset
    Junit,
    /// Markdown for a step summary or a comment
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ReportFormatArg {
    #[default]
    Table,
    /// As the table, with dots and intervals in the place of figures
    Plot,
    Markdown,
    /// Markdown with the `model-index` metadata of the Hugging Face hub, of one model
    ModelCard,
    /// One page with charts that needs nothing but a browser
    Html,
    /// A picture of the figures with their intervals
    Svg,
    Json,
    Csv,
    /// A table for booktabs
    Latex,
    /// XML that CI systems read: a suite for each model, a case for each subset
    Junit,
    /// Markdown for a step summary or a comment
    Github,
    /// Files as reward-bench writes them, for its archive and what reads it
    RewardBench,
    /// Records of Every Eval Ever 0.3.0, with intervals
    EveryEvalEver,
    /// .eval_results/BENCHMARK.yaml, as the Hugging Face hub reads it
    HubEvalResults,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum CompareFormatArg {
    #[default]
    Table,
    /// As the table, with dots and intervals in the place of figures
    Plot,
    Markdown,
    /// One page with charts that needs nothing but a browser
    Html,
    /// A picture of the figures with their intervals
    Svg,
    Json,
    Csv,
    /// XML that CI systems read: a case for each rule of the gate
    Junit,
    /// Markdown for a step summary or a comment, with annotations for rules that are not met
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum OutputFormatArg {
    #[default]
    Text,
    Json,
}

impl From<OutputFormatArg> for OutputFormat {
    fn from(typed: OutputFormatArg) -> Self {
        match typed {
            OutputFormatArg::Text => Self::Text,
            OutputFormatArg::Json => Self::Json,
        }
    }
}

impl From<BenchFormatArg> for BenchFormat {
    fn from(typed: BenchFormatArg) -> Self {
        match typed {
            BenchFormatArg::Table => Self::Table,
            BenchFormatArg::Json => Self::Json,
        }
    }
}

impl From<DtypeArg> for DtypeChoice {
    fn from(typed: DtypeArg) -> Self {
        match typed {
            DtypeArg::Auto => Self::Auto,
            DtypeArg::F32 => Self::F32,
            DtypeArg::F16 => Self::F16,
            DtypeArg::Bf16 => Self::Bf16,
            DtypeArg::Int8 => Self::Int8,
            DtypeArg::Int8Affine => Self::Int8Affine,
            DtypeArg::Verified => Self::Verified,
        }
    }
}

/// The format that was typed; `--plot` is short for one of them.
pub(crate) fn format(plot: bool, typed: impl Into<Format>) -> Format {
    if plot { Format::Plot } else { typed.into() }
}

impl From<FormatArg> for Format {
    fn from(typed: FormatArg) -> Self {
        match typed {
            FormatArg::Table => Self::Table,
            FormatArg::Plot => Self::Plot,
            FormatArg::Markdown => Self::Markdown,
            FormatArg::Html => Self::Html,
            FormatArg::Svg => Self::Svg,
            FormatArg::Json => Self::Json,
            FormatArg::Csv => Self::Csv,
            FormatArg::Latex => Self::Latex,
            FormatArg::Junit => Self::Junit,
            FormatArg::Github => Self::Github,
        }
    }
}

impl From<ReportFormatArg> for ReportFormat {
    fn from(typed: ReportFormatArg) -> Self {
        Self::Printed(match typed {
            ReportFormatArg::Table => Format::Table,
            ReportFormatArg::Plot => Format::Plot,
            ReportFormatArg::Markdown => Format::Markdown,
            ReportFormatArg::ModelCard => Format::ModelCard,
            ReportFormatArg::Html => Format::Html,
            ReportFormatArg::Svg => Format::Svg,
            ReportFormatArg::Json => Format::Json,
            ReportFormatArg::Csv => Format::Csv,
            ReportFormatArg::Latex => Format::Latex,
            ReportFormatArg::Junit => Format::Junit,
            ReportFormatArg::Github => Format::Github,
            ReportFormatArg::RewardBench => return Self::Files(ExchangeFormat::RewardBench),
            ReportFormatArg::EveryEvalEver => return Self::Files(ExchangeFormat::EveryEvalEver),
            ReportFormatArg::HubEvalResults => return Self::Files(ExchangeFormat::HubEvalResults),
        })
    }
}

impl From<CompareFormatArg> for Format {
    fn from(typed: CompareFormatArg) -> Self {
        match typed {
            CompareFormatArg::Table => Self::Table,
            CompareFormatArg::Plot => Self::Plot,
            CompareFormatArg::Markdown => Self::Markdown,
            CompareFormatArg::Html => Self::Html,
            CompareFormatArg::Svg => Self::Svg,
            CompareFormatArg::Json => Self::Json,
            CompareFormatArg::Csv => Self::Csv,
            CompareFormatArg::Junit => Self::Junit,
            CompareFormatArg::Github => Self::Github,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaArg {
    /// What run and report print with --format json, and summary.json
    Summary,
    /// What compare prints with --format json
    Comparison,
    /// run.json
    Run,
    /// An error on stderr, with --format json
    Error,
    /// A line on stderr, with --progress json
    Progress,
    /// What show prints with --format json
    Pairs,
    /// What list prints with --format json
    List,
    /// The columns of verdicts.parquet
    Verdicts,
    /// A line that rank and score print
    Rank,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ProgressArg {
    /// A bar on a terminal, elsewhere a line every 30 s
    #[default]
    Auto,
    /// Every line on stderr is a JSON object: progress once a second, messages, errors
    Json,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ColorArg {
    /// On a terminal, as NO_COLOR, CLICOLOR and CLICOLOR_FORCE say
    #[default]
    Auto,
    Always,
    Never,
}

impl From<ProgressArg> for ProgressStyle {
    fn from(typed: ProgressArg) -> Self {
        match typed {
            ProgressArg::Auto => Self::Auto,
            ProgressArg::Json => Self::Json,
            ProgressArg::Off => Self::Off,
        }
    }
}

impl From<ColorArg> for Color {
    fn from(typed: ColorArg) -> Self {
        match typed {
            ColorArg::Auto => Self::Auto,
            ColorArg::Always => Self::Always,
            ColorArg::Never => Self::Never,
        }
    }
}

impl From<SchemaArg> for Schema {
    fn from(typed: SchemaArg) -> Self {
        match typed {
            SchemaArg::Summary => Self::Summary,
            SchemaArg::Comparison => Self::Comparison,
            SchemaArg::Run => Self::Run,
            SchemaArg::Error => Self::Error,
            SchemaArg::Progress => Self::Progress,
            SchemaArg::Pairs => Self::Pairs,
            SchemaArg::List => Self::List,
            SchemaArg::Verdicts => Self::Verdicts,
            SchemaArg::Rank => Self::Rank,
        }
    }
}
