//! What turns hidden states into numbers, one file a head.

pub mod pairwise;
