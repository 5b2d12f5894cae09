//! Linear layers with factors rounded to bf16 and sums in f32, by AMX or AVX512-BF16.
//!
//! Half the memory and, on processors that multiply bf16, up to several times the speed of f32.
//! Every output is summed in the same order whatever else is in the batch. Processors without such
//! instructions compute the same sums one product at a time, for tests: no run chooses that.

mod factors;
mod rounding;
mod weights;

pub(crate) use rounding::{pack_rows, put_output};
pub use weights::Bf16Weights;
