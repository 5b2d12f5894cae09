//! One file a command: a request → the rooms → what is printed, and the exit code.

pub(crate) mod bench;
pub mod compare;
pub(crate) mod completions;
pub(crate) mod doctor;
mod export;
pub(crate) mod fetch;
pub(crate) mod finished;
pub(crate) mod generate;
mod hub_request;
pub(crate) mod import;
pub(crate) mod inspect;
mod inspect_rows;
pub(crate) mod list;
mod man_pages;
pub(crate) mod merge;
mod named_run;
mod numbers_table;
mod output;
pub(crate) mod published;
pub(crate) mod rank;
pub mod report;
mod request;
pub mod run;
mod run_report;
pub(crate) mod show;
mod threads;

pub(crate) use hub_request::HubRequest;
pub(crate) use output::OutputFormat;
pub(crate) use request::Request;
