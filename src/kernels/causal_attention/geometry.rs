//! What the causal attention of a batch needs besides tensors.

use std::ops::Range;

use crate::kernels::uploaded::Uploadable;

/// Tokens that lie together and attend to each other, each to itself and those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Among all tokens.
    pub tokens: Range<usize>,
    /// Tokens that all of these see besides: what stands before them in their row and is shared
    /// with other rows.
    pub prefix: Range<usize>,
}

impl Piece {
    /// Keys that the last of its tokens sees.
    pub(crate) fn keys(&self) -> usize {
        self.prefix.len() + self.tokens.len()
    }
}

/// Sizes, scale and pieces of a batch; one for each layer, as windows differ.
#[derive(Debug, Clone)]
pub struct CausalGeometry {
    /// Heads of the queries, a multiple of `key_heads`.
    pub heads: usize,
    /// Heads of the keys and values: query head h uses key head h / (heads / key heads).
    pub key_heads: usize,
    /// Dimensions of a head.
    pub head_size: usize,
    /// What a product of query and key is multiplied by.
    pub scale: f32,
    /// c, where scores s become c · tanh(s / c) before the softmax.
    pub soft_cap: Option<f32>,
    /// How many keys a query sees at most, itself included.
    pub window: Option<usize>,
    pub pieces: Uploadable<[Piece]>,
}
