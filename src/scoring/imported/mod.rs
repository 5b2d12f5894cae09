//! Result files of other programs → outcomes. `docs/import.md` says what is read of each.

mod aligned;
mod column;
mod layout;
mod lm_eval;
mod numbers;
mod outputs;
mod reading;
mod rendered;
mod result_file;
mod result_row;
mod score_columns;

pub(crate) use aligned::aligned;
pub(crate) use column::{ImportedColumn, columns};
pub use layout::read;
pub(crate) use rendered::rendered;
pub use result_file::ResultFile;
