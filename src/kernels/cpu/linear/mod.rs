//! x · Wᵀ + b on the CPU: activations `[rows, input]` and packed weights → `[rows, output]`.

mod float;
mod gated;
mod op;
mod weights;

pub use gated::GatedLayers;
pub(crate) use gated::PackedLayer;
pub(crate) use op::{gated_feed_forward, linear};
pub use weights::LinearWeights;
