//! What a command line asks for, without the words in which it was typed.

use crate::commands::bench::{self, BenchRequest};
use crate::commands::compare::{self, CompareRequest};
use crate::commands::doctor;
use crate::commands::fetch::{self, FetchRequest};
use crate::commands::finished::Finished;
use crate::commands::generate::{self, GenerateRequest};
use crate::commands::import::{self, ImportRequest};
use crate::commands::inspect::{self, InspectRequest};
use crate::commands::list::{self, ListRequest};
use crate::commands::merge::{self, MergeRequest};
use crate::commands::output::OutputFormat;
use crate::commands::published;
use crate::commands::rank::{self, RankRequest};
use crate::commands::report::{self, ReportFormat, ReportRequest};
use crate::commands::run::{self, RunRequest};
use crate::commands::show::{self, ShowRequest};
use crate::report::{Format, Style, fitted};
use crate::support::error::Result;
use crate::support::test_hooks;

/// One command.
pub enum Request {
    Run(Box<RunRequest>),
    Compare(CompareRequest),
    Report(ReportRequest),
    Show(ShowRequest),
    Merge(MergeRequest),
    Import(ImportRequest),
    Fetch(FetchRequest),
    Inspect(InspectRequest),
    Bench(BenchRequest),
    /// `rank` and `score`.
    Rank(Box<RankRequest>),
    List(ListRequest),
    /// One table, or all.
    Published(Option<String>),
    ShowCache,
    ClearCache,
    Doctor,
    Generate(GenerateRequest),
}

impl Request {
    /// Does what is asked.
    pub fn execute(self) -> Result<Finished> {
        test_hooks::panic_if_asked();
        match self {
            Self::Run(request) => run::run(&request),
            Self::Compare(request) => compare::compare(&request),
            Self::Report(request) => report::report(&request).map(Finished::from),
            Self::Show(request) => show::show(&request).map(Finished::from),
            Self::Merge(request) => merge::merge(&request),
            Self::Import(request) => import::import(&request).map(Finished::from),
            Self::Fetch(request) => fetch::fetch(&request).map(Finished::from),
            Self::Inspect(request) => inspect::inspect(&request).map(|text| window(&text)),
            Self::Bench(request) => bench::bench(&request).map(Finished::from),
            Self::Rank(request) => rank::rank(&request),
            Self::List(request) => match request.format {
                OutputFormat::Text => list::list(&request).map(|text| window(&text)),
                OutputFormat::Json => list::list(&request).map(Finished::from),
            },
            Self::Published(name) => published::show(name.as_deref()).map(Finished::from),
            Self::ShowCache => doctor::show_cache().map(|text| window(&text)),
            Self::ClearCache => doctor::clear_cache().map(|text| window(&text)),
            Self::Doctor => doctor::doctor().map(|text| window(&text)),
            Self::Generate(request) => generate::generate(request).map(Finished::from),
        }
    }

    /// Whether errors are JSON, too.
    pub fn wants_json(&self) -> bool {
        let format = match self {
            Self::Run(request) => request.format,
            Self::Compare(request) => request.format,
            Self::Report(request) => return request.format == ReportFormat::Printed(Format::Json),
            Self::Merge(request) => request.format,
            Self::Import(request) => request.format,
            Self::Show(request) => return request.format == OutputFormat::Json,
            Self::List(request) => return request.format == OutputFormat::Json,
            _ => return false,
        };
        format == Format::Json
    }
}

/// Text as wide as the window at most.
fn window(text: &str) -> Finished {
    fitted(text, Style::of_stdout()).into()
}
