//! The flags of `pairbench show` and `pairbench list`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::values::OutputFormatArg;
use crate::commands::list::{Catalogue, ListRequest};
use crate::commands::show::{Pick, ShowRequest};

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A directory that `pairbench run --out DIR` wrote
    #[arg(value_name = "RUN[:MODEL]")]
    run: String,
    /// Only what this model said; may be repeated [default: every model of the run]
    #[arg(long = "model", value_name = "NAME")]
    models: Vec<String>,
    /// Only pairs of subsets that match; may be repeated
    #[arg(long = "subset", value_name = "GLOB")]
    subsets: Vec<String>,
    #[command(flatten)]
    pick: PickArgs,
    /// The most pairs that are shown
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
    /// The files that were scored, where they lie elsewhere now
    #[arg(long = "data", value_name = "FILE")]
    data: Vec<PathBuf>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormatArg,
}

/// Which pairs; all of them where none of these is given.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct PickArgs {
    /// The pair with this id, in every subset that has it
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    id: Option<String>,
    /// The pair in this row of the data, from 0, as verdicts.parquet counts
    #[arg(long, value_name = "N")]
    row: Option<usize>,
    /// Pairs that a model gets wrong: that of --model, else any
    #[arg(long)]
    wrong: bool,
    /// The same, the largest margin first; of several models each is measured by its own margins
    #[arg(long)]
    sure: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(subcommand)]
    catalogue: CatalogueArg,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t, global = true)]
    format: OutputFormatArg,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum CatalogueArg {
    /// Built-in benchmarks, their subsets and where their pairs come from
    Benchmarks,
    /// Models whose template is known
    Models,
    /// Text templates: how a family of models turns a pair into text
    Templates,
    /// Published tables and the models in them
    Published,
}

impl From<ShowArgs> for ShowRequest {
    fn from(typed: ShowArgs) -> Self {
        Self {
            run: typed.run,
            models: typed.models,
            subsets: typed.subsets,
            pick: typed.pick.into(),
            limit: typed.limit,
            data: typed.data,
            format: typed.format.into(),
        }
    }
}

impl From<PickArgs> for Pick {
    fn from(typed: PickArgs) -> Self {
        match typed {
            PickArgs { id: Some(id), .. } => Self::Id(id),
            PickArgs { row: Some(row), .. } => Self::Row(row),
            PickArgs { wrong: true, .. } => Self::Wrong,
            PickArgs { sure: true, .. } => Self::Sure,
            _ => Self::All,
        }
    }
}

impl From<ListArgs> for ListRequest {
    fn from(typed: ListArgs) -> Self {
        let catalogue = match typed.catalogue {
            CatalogueArg::Benchmarks => Catalogue::Benchmarks,
            CatalogueArg::Models => Catalogue::Models,
            CatalogueArg::Templates => Catalogue::Templates,
            CatalogueArg::Published => Catalogue::Published,
        };
        Self {
            catalogue,
            format: typed.format.into(),
        }
    }
}
