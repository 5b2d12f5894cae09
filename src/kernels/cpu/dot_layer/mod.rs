//! Linear layers that multiply short numbers: what bf16 and both kinds of 8 bits share. Each says
//! by [`Factors`] how its numbers are rounded and its sums are finished.

mod factors;
mod float_rows;
mod gated_feed_forward;
mod integers;
mod product;

pub(crate) use factors::{ComingRows, Factors};
pub(crate) use float_rows::FloatRows;
pub(crate) use gated_feed_forward::{Gated, gated_feed_forward};
pub(crate) use integers::{IntegerRows, Rounding};
pub(crate) use product::product;
