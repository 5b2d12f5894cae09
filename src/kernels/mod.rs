//! The fast versions of the model's operations, behind burn's extension mechanism: tensors in,
//! tensors out. The plain tensor operations that they replace are their test oracles.
//!
//! # Integer overflow
//!
//! The crate may be built with overflow checks in release. A check in an inner loop costs more than
//! its own instruction: it is a branch, and a loop with such a branch does not become vector
//! instructions. The inner loops of `cpu` therefore contain no checked integer arithmetic:
//!
//! - they run over slices with iterators (`chunks_exact`, `as_chunks`, `zip`), so that no index is
//!   computed; loops with constant bounds are unrolled, and their indices are constants;
//! - integer arithmetic on values (rounding in `cpu::math`, the sums of `cpu::dot_layer` and
//!   `cpu::dot`) is written as `wrapping_*`, each with the reason why wrapping is right;
//! - `Iterator::sum` and `enumerate` inherit the checks of this crate and are not used there.
//!
//! What remains checked is computed once for each row, panel or block, not for each element.
//! Kernels for GPUs are compiled by CubeCL, which knows no such checks.

pub mod activation;
pub mod attention;
pub mod causal_attention;
pub mod cpu;
#[cfg(feature = "_gpu")]
pub(crate) mod gpu;
mod placement;
pub mod relative_positions;
pub mod rotary;
pub(crate) mod rows;
pub(crate) mod uploaded;

pub(crate) use placement::{is_cpu, is_on_cpu, is_on_gpu, memory_of};
