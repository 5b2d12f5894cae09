//! The product of a linear layer with many rows, in half precision, and its bias.
//!
//! A tile is 128 rows of 256 outputs, and each of a cube's eight planes has 64 × 64 of them. There
//! are as many cubes as the device computes at once; each goes on to its next tile with that one's
//! first inputs already there.

mod kernel;
mod op;

pub(super) use op::{exists, wide_product};
