//! What turns the hidden states of an encoder into numbers: a module for each head.

pub mod pairwise;
