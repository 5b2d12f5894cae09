//! LLM.int8() (Dettmers et al., arXiv:2208.07339) as bitsandbytes computes it: the way in which the
//! published tables were measured, and the fastest product of this crate.
//!
//! Weights are rounded to 8 bits per output row, activations per token row. Activations of
//! magnitude 6 and more stay out of the integer product and are multiplied by the 8-bit weights in
//! half precision. Inputs and results are rounded to half precision, as they are there. The integer
//! sums are exact, so every processor gives the same bits.

mod factors;
mod outliers;
mod quantise;
mod rows;
mod weights;

pub(crate) use factors::{Int8Factors, in_half};
pub use outliers::Outliers;
pub use weights::Int8Weights;
