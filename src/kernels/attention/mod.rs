//! Disentangled attention as one operation: its inputs, the trait of the backends that have a fused
//! version, and the call. Model and kernels share these types, so that neither imports the other.

mod fused;
mod geometry;
mod op;
mod query_selection;

pub use fused::fused;
pub(crate) use fused::is_fused;
pub use geometry::Geometry;
pub use op::{DisentangledAttention, PositionProjections};
pub use query_selection::QuerySelection;
