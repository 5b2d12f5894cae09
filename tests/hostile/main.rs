//! Files that were made to do harm, or came out of an accident: each is refused with its place, in
//! bounded time and memory, and nothing of it reaches a terminal or leaves its directory.
//! `docs/reliability.md` says which test shows what.
//!
//! Everything is generated here, from the golden and the embedded checkpoints.
#![allow(clippy::too_many_lines, reason = "tables of damaged files")]

mod borders;
mod checkpoints;
mod definitions;
mod numbers;
mod pairs;
mod settings;
#[path = "../common/skipped.rs"]
mod skipped;
mod texts;
mod tools;
