//! pairbench scores pair reward models on preference benchmarks.
//!
//! The data goes one way:
//!
//! 1. [`benchmark`]: what to measure, from TOML;
//! 2. [`dataset`]: files of chosen/rejected pairs;
//! 3. [`hub`]: repositories, from the cache or downloaded into it;
//!    [`checkpoint`]: a directory in the Hugging Face layout;
//! 4. [`template`] and [`tokens`]: pairs as token rows, batched;
//! 5. [`model`]: token rows → logits;
//! 6. [`score`]: logits of both orders → verdicts;
//! 7. [`metrics`]: verdicts → accuracies, sections, averages; [`published`] and [`ruler`]: columns to
//!    compare with;
//! 8. [`report`]: a [`report::Report`] as a table, Markdown, CSV or JSON.
//!
//! [`run`] wires them, [`fetch`] and [`inspect`] use parts; [`cli`] is what was typed. [`quickstart`] is a checkpoint, or two, and a
//! benchmark that need no file.

pub mod benchmark;
pub mod checkpoint;
pub mod cli;
pub mod dataset;
pub mod error;
pub mod fetch;
pub mod files;
pub mod fsio;
pub mod generate;
pub mod hub;
pub mod inspect;
pub mod metrics;
pub mod model;
pub mod published;
pub mod quickstart;
pub mod quiet;
pub mod report;
pub mod ruler;
pub mod run;
pub mod score;
pub mod stats;
pub mod talk;
pub mod template;
pub mod tokens;
