//! What the rest of the crate needs to know of an architecture.

use crate::kernels::relative_positions::PositionTerms;

/// Sizes, limits and costs of an encoder, as its configuration gives them.
pub trait Architecture {
    /// Token ids are below this.
    fn vocabulary(&self) -> usize;

    /// Elements of a token's hidden state.
    fn hidden_size(&self) -> usize;

    /// Dimensions of an attention head.
    fn head_size(&self) -> usize;

    /// The relative-position terms of the attention scores.
    fn position_terms(&self) -> PositionTerms;

    /// The most tokens that a row may have, where the architecture has a limit.
    fn position_limit(&self) -> Option<usize>;

    /// The most segments that a row may have, where the architecture has a limit.
    fn segment_limit(&self) -> Option<usize>;

    /// Bytes of memory that a token of a batch takes at the peak, weights aside, with f32
    /// activations.
    fn bytes_per_token(&self) -> usize;

    /// Floating-point operations for a row of so many tokens, a multiply-add counted as two.
    fn operations(&self, tokens: usize) -> f64;

    /// Whether a token sees those before it alone, so that what rows begin with alike can be
    /// computed once.
    fn is_causal(&self) -> bool {
        false
    }

    /// Sizes and positions for people to read: what it is about, and a line of text.
    fn facts(&self) -> Vec<(&'static str, String)>;
}
