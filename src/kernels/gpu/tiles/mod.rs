//! What the attentions share: tiles of queries, keys and values in the shared memory of a cube,
//! their products, and a softmax that is computed from one tile of keys to the next
//! (FlashAttention, arXiv:2205.14135).

mod memory;
mod softmax;
mod tile_product;
mod tiling;

pub(super) use memory::{load, put, store};
pub(super) use softmax::{clear, soften};
pub(super) use tile_product::{product, weigh};
pub(super) use tiling::{ALIGNED, MASKED, Tiling};
