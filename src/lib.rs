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
//! 8. [`comparison`]: two models' verdicts on the same pairs, or two columns of accuracies → differences;
//!    [`gate`]: what rules say about them; [`stats`]: the statistics under both and under the metrics;
//! 9. [`report`]: a [`report::Report`] or a comparison as a table, Markdown, CSV, JSON, LaTeX
//!    or what CI systems read.
//!
//! [`run`] wires them; [`compare`] and [`collect`] read runs back ([`run_dir`]) and wire the second half; [`fetch`],
//! [`inspect`] and [`mod@bench`] use parts; [`cli`] is what was typed. [`quickstart`] is a checkpoint, or two, and a
//! benchmark that need no file.

pub mod bench;
pub mod benchmark;
pub mod checkpoint;
pub mod cli;
pub mod collect;
pub mod compare;
pub mod comparison;
pub mod dataset;
pub mod error;
pub mod fetch;
pub mod files;
pub mod fsio;
pub mod gate;
pub mod generate;
pub mod hub;
pub mod inspect;
pub mod memory;
pub mod metrics;
pub mod model;
pub mod published;
pub mod quickstart;
pub mod quiet;
pub mod report;
pub mod ruler;
pub mod run;
pub mod run_dir;
pub mod score;
pub mod stats;
pub mod talk;
pub mod template;
pub mod tokens;
