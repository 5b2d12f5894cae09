//! What is computed in ways of our own, behind burn's extension mechanism; the tensor operations that they stand in for
//! are their oracles. All is for the CPU, but for [`cube`].

pub mod arithmetic;
pub mod attention;
#[cfg(feature = "_gpu")]
pub mod cube;
pub mod int8;
pub mod math;
pub mod panels;
pub mod positional;
pub mod product;
pub mod short;
pub mod tile;
