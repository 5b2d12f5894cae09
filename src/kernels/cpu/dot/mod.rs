//! Dot products of short numbers: 8-bit integers and bf16.
//!
//! At each step of depth is a *lane* of 32 bits: four 8-bit integers, or two bf16 numbers, whose
//! products are summed in 32 bits. Processors take both in the same layout.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx;
mod dispatch;
mod dot_type;
mod engine;
mod layout;
mod packed_rows;

pub(crate) use dot_type::{Bf16, DotType, Int8};
pub use engine::Engine;
pub(crate) use layout::{Lane, PanelLanes, TILE_DEPTH, padded, some_panels};
pub(crate) use packed_rows::PackedRows;
