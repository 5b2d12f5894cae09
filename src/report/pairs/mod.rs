//! Pairs in full, with what models said of them → text to read, or JSON.

mod json;
mod page;
mod text;

pub(crate) use json::pairs_json;
pub(crate) use page::{Answer, Cut, End, PairPage, ShownPair};
pub(crate) use text::pairs_text;
