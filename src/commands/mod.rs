//! One file a command: what was typed → the rooms → what is printed, and the exit code.

pub mod bench;
pub mod compare;
pub mod doctor;
pub mod fetch;
pub mod generate;
pub mod inspect;
pub mod merge;
pub mod published;
pub mod report;
pub mod run;
