//! What another program found with one model, as every layout has it.

use crate::scoring::imported::result_row::ResultRow;

/// A result file that was read.
pub struct ResultFile {
    /// The model's name, where the file has it.
    pub(crate) model: Option<String>,
    pub(crate) model_type: Option<String>,
    pub(crate) chat_template: Option<String>,
    pub(super) rows: Vec<ResultRow>,
}

impl ResultFile {
    /// Of a layout that says nothing of the model.
    pub(super) fn of(rows: Vec<ResultRow>) -> Self {
        Self {
            model: None,
            model_type: None,
            chat_template: None,
            rows,
        }
    }
}
