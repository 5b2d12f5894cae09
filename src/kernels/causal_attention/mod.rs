//! Causal attention with grouped queries as one operation: its inputs, the trait of the backends
//! that have it, and the call. Model and kernels share these types.

mod geometry;
mod op;

pub use geometry::{CausalGeometry, Piece};
pub use op::{CausalAttention, causal_attention};
