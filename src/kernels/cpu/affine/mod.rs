//! Linear layers in 8 bits with a scale and a zero point for each token row (affine quantisation;
//! Jacob et al., arXiv:1712.05877): nearer to f32 than LLM.int8().
//!
//! The activations after GELU lie between −0.2 and some large number: a zero point spends all 256
//! values on that range, where a symmetric scale spends half of them on numbers that do not occur.
//! Nothing is rounded to half precision. Weights have a scale for each output. As with LLM.int8(),
//! activations of magnitude 6 and more stay out of the integer product, row by row, so that a row
//! does not depend on its batch.

mod factors;
mod rows;
mod weights;

pub use weights::AffineWeights;
