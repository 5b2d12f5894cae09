//! What a decoder does to each row of a matrix by itself, each in one pass over the memory.

mod gate;
mod op;
mod rms_norm;
mod rotation;
