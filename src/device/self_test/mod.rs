//! Whether a device computes correctly: all kernels on a few tokens, against the CPU.

mod compared;
mod decoder;
mod encoder;

pub(super) use decoder::decoder;
pub(super) use encoder::encoder;
