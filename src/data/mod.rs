//! Files of preference data → [`Item`]s.

mod csv;
mod item;
mod json;
mod load;
pub(crate) mod pair_texts;
mod parquet;
mod parquet_guard;
mod raw_row;
pub(crate) mod recorded_file;
pub(crate) mod selection;
pub(crate) mod shard;

pub use item::{Answers, Id, Item, Message};
pub use load::load;
pub(crate) use recorded_file::DataFile;

pub(crate) use parquet::guarded;
pub(crate) use parquet_guard::reader as parquet_reader;
