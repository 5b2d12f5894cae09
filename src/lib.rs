//! pairbench scores pair reward models on preference benchmarks.
//!
//! The data goes one way:
//!
//! 1. [`benchmark`]: what to measure, from TOML;
//! 2. [`dataset`]: files of chosen/rejected pairs;
//! 3. [`checkpoint`]: a directory in the Hugging Face layout;
//! 4. [`template`] and [`tokens`]: pairs as token rows, batched;
//! 5. [`model`]: token rows → logits;
//! 6. [`score`]: logits of both orders → verdicts;
//! 7. [`metrics`]: verdicts → accuracies, sections, averages;
//! 8. [`report`]: a [`report::Report`] as a table, Markdown, CSV or JSON.
//!
//! [`run`] wires them; [`cli`] is what was typed. [`quickstart`] is a checkpoint, or two, and a
//! benchmark that need no file.

pub mod benchmark;
pub mod checkpoint;
pub mod cli;
pub mod dataset;
pub mod error;
pub mod files;
pub mod fsio;
pub mod generate;
pub mod metrics;
pub mod model;
pub mod quickstart;
pub mod quiet;
pub mod report;
pub mod run;
pub mod score;
pub mod template;
pub mod tokens;
