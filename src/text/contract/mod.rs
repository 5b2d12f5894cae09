//! Input contracts: how a model family turns an item into token rows.

mod better_pairrm;
mod input_contract;
mod pairrm;
mod row;

pub use better_pairrm::render as better_pairrm_source;
pub use input_contract::{Encoded, InputContract};
pub use row::{Row, Unsupported};
