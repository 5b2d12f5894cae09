//! x · Wᵀ + b on the CPU: activations `[rows, input]` and packed weights → `[rows, output]`.

mod float;
mod gated;
mod op;
mod weights;

pub(crate) use gated::GatedLayers;
pub(crate) use op::{gated_feed_forward, linear};
pub use weights::{LinearWeights, PackedLayer};
