//! One file a command: a request → the rooms → what is printed, and the exit code.

pub mod bench;
pub mod compare;
pub mod doctor;
pub mod fetch;
pub mod finished;
pub mod generate;
mod hub_request;
pub mod inspect;
pub mod merge;
pub mod published;
pub mod report;
mod request;
pub mod run;
mod run_report;
mod threads;

pub use finished::Finished;
pub use hub_request::HubRequest;
pub use request::Request;
