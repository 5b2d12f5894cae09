//! What a decoder does to each row of a matrix by itself, on burn's CPU backend.

mod gate;
mod op;
mod rms_norm;
mod rotation;
