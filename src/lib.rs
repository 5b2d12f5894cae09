//! pairbench scores reward models on preference benchmarks.
//!
//! The data goes one way, and each room is a step of it. A room uses those that stand above it in
//! this table, and only those that its last column lists; `tests/architecture.rs` reads the table
//! and the sources, and fails on any other arrow.
//!
//! | room | goes in → comes out | uses |
//! |---|---|---|
//! | [`support`] | what every room needs and none is about: errors, files, locks, signals, terminal, hub | |
//! | [`stats`] | counts → intervals, p-values, confidence sequences | |
//! | [`benchmark`] | a TOML definition → subsets, sections, weights, published tables | `support` |
//! | [`data`] | files → items, selected and divided into shards | `support` `benchmark` |
//! | [`text`] | items → token rows, as an input contract says | `support` `data` |
//! | [`kernels`] | what is fast: the model's operations for CPUs and GPUs | `support` |
//! | [`model`] | token rows → logits | `support` `kernels` |
//! | [`checkpoint`] | a directory or repository → configuration, tokenizer, weights | `support` `benchmark` `text` `kernels` `model` |
//! | [`device`] | `--device` and `--dtype` → what computes, in which precision, how much at once | `support` `kernels` `model` `checkpoint` |
//! | [`scoring`] | items → outcomes, kept in a journal, a cache and a run directory | `support` `stats` `benchmark` `data` `text` `kernels` `model` `checkpoint` `device` |
//! | [`metrics`] | outcomes → accuracies, sections, averages, behaviour | `stats` `benchmark` `data` `scoring` |
//! | [`comparison`] | two models' outcomes → differences; what the rules of a gate say of them | `support` `stats` `benchmark` `data` `scoring` `metrics` |
//! | [`ranking`] | numbers of answers → ranks, references, the best of them | `stats` |
//! | [`report`] | figures → a table, Markdown, a page, JSON, CSV, LaTeX, JUnit | `support` `stats` `benchmark` `data` `scoring` `metrics` `comparison` |
//! | [`commands`] | a request → the rooms → what is printed, and the exit code | `support` `stats` `benchmark` `data` `text` `kernels` `model` `checkpoint` `device` `scoring` `metrics` `comparison` `ranking` `report` |
//! | [`cli`] | what was typed → a request | `support` `data` `text` `checkpoint` `device` `comparison` `ranking` `report` `commands` |

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
pub mod ranking;
pub mod report;
pub mod scoring;
pub mod stats;
pub mod support;
pub mod text;
