//! Files of preference data → [`Item`]s.

pub mod answer_line;
mod cell;
mod choices;
mod column_map;
mod compressed;
mod content;
mod csv;
mod implicit_prompt;
mod item;
mod json;
pub(crate) mod json_text;
mod labels;
mod load;
mod message_text;
pub(crate) mod metric_shape;
mod missing_column;
pub(crate) mod pair_texts;
mod parquet;
mod parquet_footer;
mod parquet_guard;
mod parquet_type;
mod preference;
mod raw_row;
pub(crate) mod recorded_file;
mod row_place;
pub(crate) mod selection;
pub(crate) mod shard;
mod thrift;
mod twins;
mod winner;

pub use column_map::ColumnMap;
pub use item::{Answers, Id, Item, Message};
pub use load::{Loaded, load, load_all};
pub(crate) use recorded_file::DataFile;

pub use crate::benchmark::Comparisons;

pub(crate) use parquet::guarded;
pub(crate) use parquet_guard::reader as parquet_reader;
