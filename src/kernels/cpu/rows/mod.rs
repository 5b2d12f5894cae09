//! What is done to each row of a matrix by itself, on burn's CPU backend.

mod activation;
mod change;
mod gate;
mod gather;
mod layer_norm;
mod op;
mod residual;
mod rms_norm;
mod rotation;
mod sums;

pub(crate) use change::values;
pub(crate) use gather::gather;
pub(crate) use residual::{add, add_layer_norm, layer_norm};
