//! The fused causal attention for GPUs, over rows of different lengths without padding.
//!
//! One cube computes a tile of consecutive queries of one head. It goes over the keys that some of
//! them see, those of the shared beginning of their row and then those of their piece, and computes
//! the softmax on the way. Query heads of a group read the same keys and values.

mod fragment_kernel;
mod kernel;
mod kernel_config;
mod op;
mod query_tiles;

pub(crate) use kernel_config::fits;
