//! Files of preference data → [`Item`]s.

mod csv;
pub mod excerpt;
mod item;
mod json;
mod load;
mod parquet;
mod parquet_guard;
mod raw_row;
mod recorded_file;
pub mod selection;
pub mod shard;

pub use item::{Answers, Id, Item, Message};
pub use load::load;
pub use recorded_file::DataFile;

pub(crate) use parquet::guarded;
pub(crate) use parquet_guard::reader as parquet_reader;
