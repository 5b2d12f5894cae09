//! Input contracts: how a model family turns an item into token rows.

mod answer_contract;
mod better_pairrm;
mod chat;
mod fastchat;
mod input_contract;
mod pair_contract;
mod pairranker;
mod pairrm;
mod row;
mod segments;

pub use answer_contract::AnswerContract;
pub use better_pairrm::render as better_pairrm_source;
pub use input_contract::{Encoded, InputContract, ItemRows};
pub use pair_contract::PairContract;
pub use pairranker::RowLengths;
pub use row::{AnswerRow, Row, Unsupported};
