//! The flags of `pairbench import`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::cli::values::FormatArg;
use crate::commands::import::ImportRequest;
use crate::data::ColumnMap;
use crate::support::existing::Existing;

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Result files; NAME where a file does not say which model it is of, or for another name.
    /// Files of one model are its parts
    #[arg(required = true, value_name = "[NAME=]FILE")]
    files: Vec<OsString>,
    /// Directory for run.json, verdicts.parquet, summary.json, report.md and report.html
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The benchmark that was scored: its sections, weights and metrics
    #[arg(long, value_name = "NAME|FILE.toml")]
    benchmark: Option<String>,
    /// The rows that were scored, for `show` and for reports with texts; may be repeated
    #[arg(long = "data", value_name = "FILE")]
    data: Vec<PathBuf>,
    /// Which of the columns of --data are which, as for `pairbench run`
    #[arg(long, value_name = "NAME=COLUMN,...", requires = "data")]
    map: Option<ColumnMap>,
    /// Import what is there although its counts differ from the benchmark's; the report says
    /// PARTIAL
    #[arg(long)]
    allow_partial: bool,
    /// Let the results take the place of the run that --out holds
    #[arg(long)]
    overwrite: bool,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    format: FormatArg,
}

impl From<ImportArgs> for ImportRequest {
    fn from(typed: ImportArgs) -> Self {
        Self {
            files: typed.files,
            out: typed.out,
            existing: if typed.overwrite {
                Existing::Overwrite
            } else {
                Existing::Keep
            },
            benchmark: typed.benchmark,
            data: typed.data,
            map: typed.map.unwrap_or_default(),
            allow_partial: typed.allow_partial,
            format: typed.format.into(),
        }
    }
}
