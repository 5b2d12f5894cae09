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
//! 6. [`score`]: logits of both orders → verdicts, as [`memory`] allows; [`outcome`]: how files
//!    keep them, [`plan`]: which run they belong to, [`device`] and [`computing`]: what found them,
//!    [`journal`]: where they go at once, [`cache`]: where they stay, [`shard`]: parts of a run;
//! 7. [`metrics`]: verdicts → accuracies, sections, averages; [`margins`]: how sure a model is, and
//!    whether rightly; [`published`] and [`ruler`]: columns to compare with;
//! 8. [`comparison`]: two models' verdicts on the same pairs, or two columns of accuracies →
//!    differences; [`gate`]: what rules say about them, [`early`]: what they say before all pairs
//!    are scored; [`side_by_side`]: all models of a run at once, and pairs to read ([`excerpt`]);
//!    [`stats`]: the statistics under all of these and under the metrics;
//! 9. [`report`]: a [`report::Report`] or a comparison as a table, Markdown, a page, CSV, JSON,
//!    LaTeX or what CI systems read.
//!
//! [`run`] wires them, holding a [`lock`] and listening to [`signals`]; [`compare`], [`collect`] and [`merge`] read runs back
//! ([`run_dir`]) and wire the second half; [`fetch`], [`inspect`], [`doctor`] and [`mod@bench`] use
//! parts; [`cli`] is what was typed. [`quickstart`] is a checkpoint, or two, and a benchmark that
//! need no file.

pub mod benchmark;
pub mod checkpoint;
pub mod cli;
pub mod commands;
pub mod comparison;
pub mod data;
pub mod device;
pub mod kernels;
pub mod metrics;
pub mod model;
pub mod report;
pub mod scoring;
pub mod stats;
pub mod support;
pub mod text;
