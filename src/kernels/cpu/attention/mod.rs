//! Fused disentangled attention on the CPU.
//!
//! The plain version gathers two `[length, length]` matrices per head from `[length, table]`
//! scores, through an index tensor of the same size. Here the index is computed as the scores are
//! made: one block of queries of one head at a time, so that what a core works on stays in its
//! cache.

mod head_row;
mod op;
mod tables;
