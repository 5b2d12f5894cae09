//! A model's results as other programs have them: one file or several for each model.

mod every_eval_ever;
mod every_eval_ever_rows;
mod exchange_file;
mod exchange_format;
mod exported_model;
mod hub_eval_results;
mod paths;
mod python_json;
mod reward_bench;

pub(crate) use exchange_file::ExchangeFile;
pub(crate) use exchange_format::{ExchangeFormat, exchanged};
pub(crate) use exported_model::ExportedModel;
