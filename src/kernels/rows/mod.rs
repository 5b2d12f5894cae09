//! What a decoder does to each row of a matrix by itself, as operations: norms, rotations, gates.
//! Their inputs, the trait of the backends that have them, and the calls. Model and kernels share
//! these types.

mod gate;
mod op;
mod rms_norm;
mod rotation;

pub(crate) use gate::GateActivation;
pub(crate) use op::{RowOperations, gate, rms_norm, rotate};
pub(crate) use rms_norm::RmsNormWeights;
pub(crate) use rotation::Rotation;
