//! What a decoder does to each row of a matrix by itself: norms, rotations, gates.

mod gate;
mod op;
mod rms_norm;
mod rotation;

pub(crate) use gate::GateActivation;
pub(crate) use op::{gate, rms_norm, rotate};
pub(crate) use rms_norm::RmsNormWeights;
pub(crate) use rotation::Rotation;
