//! Pairs of a run, ready to be rendered.

use crate::data::Item;
use crate::scoring::{Outcome, Verdict};

/// Some pairs of a run.
#[derive(Debug, Clone)]
pub(crate) struct PairPage {
    /// Its directory.
    pub(crate) run: String,
    /// What kind of pairs they are, in words.
    pub(crate) what: String,
    /// How many pairs of this kind there are.
    pub(crate) of: usize,
    pub(crate) pairs: Vec<ShownPair>,
}

/// A pair with what each model said of it.
#[derive(Debug, Clone)]
pub(crate) struct ShownPair {
    pub(crate) item: Item,
    pub(crate) answers: Vec<Answer>,
}

/// What a model said.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) model: String,
    pub(crate) outcome: Outcome,
    pub(crate) verdict: Verdict,
    /// Of the prompt, the chosen and the rejected answer.
    pub(crate) cuts: [Cut; 3],
}

/// What truncation removed from a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) tokens: usize,
    pub(crate) from: End,
}

/// Of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Start,
    End,
}
