//! The fused disentangled attention for GPUs: one pass over the keys that computes the softmax on
//! the way (FlashAttention, arXiv:2205.14135), with the position terms indexed inside the tile, and
//! rows of different lengths without padding.
//!
//! One cube computes a tile of consecutive queries of one head. For every tile of keys it needs few
//! rows of the position table, those of the distances between the two tiles: their products with
//! the queries and with the keys are two more small matrices, from which each score takes its two
//! terms by query position − key position. Nothing of the size length × length or length × table is
//! ever in memory.

mod fragment_kernel;
mod kernel;
mod kernel_config;
mod memory;
mod op;
mod query_tiles;

pub(crate) use kernel_config::fits;
