//! Causal attention with grouped queries: scores of a block of queries at a time, so that no matrix
//! of all scores is in memory, and only for the keys that the block can see.

mod head_piece;
mod op;
