//! What the CPU computes in ways of our own, behind burn's extension mechanism; the tensor operations
//! that they stand in for are their oracles.

pub mod arithmetic;
pub mod attention;
pub mod int8;
pub mod math;
pub mod panels;
pub mod positional;
pub mod product;
pub mod short;
pub mod tile;
