//! The layouts, and the one way from a model to its files.

use crate::report::exchange::exchange_file::Exchanged;
use crate::report::exchange::exported_model::ExportedModel;
use crate::report::exchange::{every_eval_ever, hub_eval_results, reward_bench};
use crate::support::error::Result;

/// The layouts that other programs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeFormat {
    /// reward-bench's result files.
    RewardBench,
    /// Every Eval Ever's aggregate file and its rows.
    EveryEvalEver,
    /// The hub's `.eval_results`.
    HubEvalResults,
}

/// # Errors
/// Usage errors, where a layout has no place for what was measured.
pub(crate) fn exchanged(model: &ExportedModel, format: ExchangeFormat) -> Result<Exchanged> {
    match format {
        ExchangeFormat::RewardBench => reward_bench::exchanged(model),
        ExchangeFormat::EveryEvalEver => every_eval_ever::exchanged(model),
        ExchangeFormat::HubEvalResults => hub_eval_results::exchanged(model),
    }
}
